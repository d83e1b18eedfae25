"""Tells Freshet what a user did: send_event.py HOST:PORT USER ITEM ACTION [REGISTRY]"""

import sys
from datetime import datetime, timezone

from confluent_kafka import Producer

from freshet_records import Records

bootstrap, user, item, action = sys.argv[1:5]
encode = Records(bootstrap, *sys.argv[5:]).encoder("interactions", "Interaction")
producer = Producer(
    {
        "bootstrap.servers": bootstrap,
        "acks": "all",
        "compression.type": "lz4",
        # Java's, so that a user's events are in one partition whoever sends them; librdkafka's own is another.
        "partitioner": "murmur2_random",
    }
)


def delivered(error, message):
    if error:
        sys.exit("not sent: %s" % error)
    print("sent to partition %d, offset %d" % (message.partition(), message.offset()))


event = {
    "user": user,
    "item": item,
    "action": action,
    "weight": 1.0,
    "eventTime": datetime.now(timezone.utc),
    "eventId": None,
}
# The key is the user's id: the partition follows from it, and Freshet refuses another.
producer.produce("interactions", key=user, value=encode(event), on_delivery=delivered)
producer.flush(30)
