"""LightGCN in plain PyTorch: what freshet bench train compares with.

Arguments: a file of training pairs, "user item" per line; users; items; threads; epochs to warm up; epochs to time.
Prints {"done": epochs} after each epoch, then {"version": ..., "seconds": [...]}.

As in the paper and in MMRec's protocol: 64 columns, 2 layers, BPR, batches of 2,048, one uniform negative per pair, Adam with a
rate of 0.001, the regularization 0.0001 on the embeddings; the sparse product is torch.sparse.mm, within autograd. Negatives
are drawn at once for a batch, and may hit an item that the user has: that costs the loop less than rejecting them would.
"""

import json
import sys
import time

import torch


def main():
    file, users, items, threads, warm_up, epochs = sys.argv[1], *map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    torch.manual_seed(999)
    with open(file) as lines:
        pairs = torch.tensor([[int(field) for field in line.split()] for line in lines])
    user_of, item_of = pairs[:, 0], pairs[:, 1]
    nodes = users + items
    rows = torch.cat([user_of, item_of + users])
    columns = torch.cat([item_of + users, user_of])
    scale = (torch.bincount(rows, minlength=nodes).float() + 1e-7).rsqrt()
    graph = torch.sparse_coo_tensor(
        torch.stack([rows, columns]), scale[rows] * scale[columns], (nodes, nodes)).coalesce()
    embeddings = torch.nn.Parameter(torch.empty(nodes, 64))
    torch.nn.init.xavier_uniform_(embeddings)
    adam = torch.optim.Adam([embeddings], lr=0.001)
    seconds = []
    for epoch in range(warm_up + epochs):
        started = time.perf_counter()
        order = torch.randperm(len(pairs))
        for batch in order.split(2048):
            u, p = user_of[batch], item_of[batch] + users
            n = torch.randint(items, (len(batch),)) + users
            first = torch.sparse.mm(graph, embeddings)
            second = torch.sparse.mm(graph, first)
            out = (embeddings + first + second) / 3
            gaps = (out[u] * out[p]).sum(1) - (out[u] * out[n]).sum(1)
            norms = embeddings[u].norm() + embeddings[p].norm() + embeddings[n].norm()
            loss = torch.nn.functional.softplus(-gaps).mean() + 0.0001 * norms / len(batch)
            adam.zero_grad()
            loss.backward()
            adam.step()
        if epoch >= warm_up:
            seconds.append(time.perf_counter() - started)
        print(json.dumps({"done": epoch + 1}), flush=True)
    print(json.dumps({"version": torch.__version__, "seconds": seconds}), flush=True)


main()
