"""Prints recommendations as they come: read_recommendations.py HOST:PORT GROUP COUNT [REGISTRY]"""

import sys

from confluent_kafka import Consumer

from freshet_records import Records

bootstrap, group, count = sys.argv[1:4]
records = Records(bootstrap, *sys.argv[4:])
consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",  # lists are written in transactions
    }
)
consumer.subscribe(["recommendations"])
left = int(count)
while left > 0:
    message = consumer.poll(1)
    if message is None:
        continue
    if message.error():
        print(message.error(), file=sys.stderr)
        continue
    user = message.key().decode()
    if message.value() is None:
        print(user + ": forgotten", flush=True)
    else:
        print(user + ": " + ", ".join(each["item"] for each in records.decode(message.value())["items"]), flush=True)
    left -= 1
consumer.close()
