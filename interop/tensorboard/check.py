"""Read what write.ts wrote with TensorBoard's own readers: `python check.py DIR` (run.py does both)."""

import json
import sys
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text())
tally = {"passed": 0, "failed": 0}


def check(claim: str, found, wanted) -> None:
    if found == wanted:
        tally["passed"] += 1
        print(f"passed  {claim}", flush=True)
    else:
        tally["failed"] += 1
        print(f"FAILED  {claim}\n  expected {str(wanted)[:300]}\n  found    {str(found)[:300]}", flush=True)


def curves() -> dict:
    """Tag → [(step, float32)], of the records."""
    wanted: dict = {}
    for record in expected["records"]:
        for tag, value in record["metrics"].items():
            wanted.setdefault(tag, []).append((record["step"], float(np.float32(value))))
    return wanted


def read(run: str) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder / "logs" / run), size_guidance={"scalars": 0})
    accumulator.Reload()
    return accumulator


def events_before_damage(path: Path) -> int:
    """How many events TensorBoard's loader gives before it stops at a bad CRC."""
    count = 0
    try:
        for _ in RawEventFileLoader(str(path)).Load():
            count += 1
    except Exception as error:  # noqa: BLE001: whichever class this version has
        print(f"        {type(error).__name__}: {error}")
    return count


wanted = curves()
for run, claim in (("rl-1", "written once"), ("rl-2", "written again after a longer history")):
    accumulator = read(run)
    tags = accumulator.Tags()["scalars"]
    check(f"a file {claim}: the tags", sorted(tags), sorted(wanted))
    found = {tag: [(event.step, event.value) for event in accumulator.Scalars(tag)] for tag in tags}
    check(f"a file {claim}: {sum(map(len, wanted.values()))} values and their steps", found, wanted)
    times = {event.wall_time for tag in tags for event in accumulator.Scalars(tag)}
    check(f"a file {claim}: the time of the events", times, {expected["wallSeconds"]})

file = Path(expected["file"])
raw = list(RawEventFileLoader(str(file)).Load())
check("every record passes TensorBoard's CRC", len(raw), len(expected["records"]) + 1)
first = Event.FromString(raw[0])
check("the first event is the version", (first.file_version, first.WhichOneof("what")), ("brain.Event:2", "file_version"))
# What TensorBoard's protobuf would write of the same events: byte for byte what we wrote.
again = [Event.FromString(data).SerializeToString(deterministic=True) for data in raw]
check("protobuf writes the same bytes", again, raw)
damaged = bytearray(file.read_bytes())
damaged[len(damaged) // 2] ^= 0x10
(folder / "damaged.tfevents").write_bytes(damaged)
stopped = events_before_damage(folder / "damaged.tfevents")
check("a flipped bit is found by TensorBoard, so it does check", stopped < len(raw), True)

print(f"{tally['passed']} passed, {tally['failed']} failed")
sys.exit(1 if tally["failed"] else 0)
