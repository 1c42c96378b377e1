"""Which process answers at an address, and why it may not be seen: with scripted sockets and processes."""

from types import SimpleNamespace

import psutil
import pytest

from dynamicrag.cost.servers import find as module
from dynamicrag.cost.servers.find import Unseen, find
from dynamicrag.whereabouts import Address

HERE = Address("127.0.0.1", 8000)


class Fake:
    def __init__(self, pid, name="vllm", parents=(), uid=1000):
        self.pid, self._name, self._parents, self._uid = pid, name, parents, uid

    def name(self):
        return self._name

    def parents(self):
        return [Fake(pid) for pid in self._parents]

    def uids(self):
        return SimpleNamespace(real=self._uid)


def socket(pid, ip="127.0.0.1", port=8000, status=psutil.CONN_LISTEN):
    return SimpleNamespace(pid=pid, status=status, laddr=SimpleNamespace(ip=ip, port=port))


@pytest.fixture
def host(monkeypatch):
    """Script the host's sockets and processes."""

    def script(sockets, *processes, users=()):
        known = {each.pid: each for each in processes}
        monkeypatch.setattr(module.psutil, "net_connections", lambda kind: sockets)
        monkeypatch.setattr(module.psutil, "Process", lambda pid=None: known[pid] if pid else Fake(1, "me"))
        monkeypatch.setattr(module.psutil, "process_iter", lambda: processes)
        monkeypatch.setattr(module, "_users", lambda port: users)

    return script


@pytest.mark.parametrize("asked", ["127.0.0.1", "localhost", "::1", "my-host", "0.0.0.0"])
@pytest.mark.parametrize("listens", ["0.0.0.0", "::"])
def test_a_server_on_all_addresses_answers_at_each(host, asked, listens):
    host([socket(7, listens)], Fake(7))
    assert [each.pid for each in find(Address(asked, 8000))] == [7]


@pytest.mark.parametrize(
    ("asked", "pid"), [("127.0.0.1", 7), ("::1", 9), ("10.0.0.5", 8), ("::ffff:127.0.0.1", 7), ("127.1", 7)]
)
def test_an_exact_address_comes_before_a_general_one(host, asked, pid):
    sockets = [socket(7), socket(8, "0.0.0.0"), socket(9, "::1"), socket(5, port=8001)]
    host(sockets, Fake(7), Fake(8), Fake(9))
    assert [each.pid for each in find(Address(asked, 8000))] == [pid]


def test_workers_with_a_common_socket_are_their_parent(host):
    host([socket(7), socket(8), socket(9)], Fake(7), Fake(8, parents=[7]), Fake(9, parents=[7]))
    assert [each.pid for each in find(HERE)] == [7]


@pytest.mark.parametrize(
    ("sockets", "processes", "reason"),
    [
        ([], [], "nothing that this user may see listens on port 8000"),
        ([socket(7, status=psutil.CONN_ESTABLISHED)], [Fake(7)], "nothing that this user may see"),
        ([socket(7)], [Fake(7, "docker-proxy")], "docker-proxy forwards port 8000"),
        ([socket(7)], [Fake(7, "ssh")], "ssh forwards port 8000"),
        ([socket(7), socket(8)], [Fake(7), Fake(8, "ollama")], "several programs listen on port 8000"),
        ([socket(None)], [], "belongs to another user, or runs in a container"),
    ],
)  # fmt: skip
def test_it_says_why_a_server_is_not_seen(host, sockets, processes, reason):
    host(sockets, *processes)
    with pytest.raises(Unseen, match=reason):
        find(HERE)


def test_this_program_s_own_server_is_not_counted_twice(host):
    host([socket(module.os.getpid())], Fake(module.os.getpid()))
    with pytest.raises(Unseen, match="in this program"):
        find(HERE)


def test_a_service_is_found_by_its_user(host):
    service = [Fake(7, "ollama", uid=998), Fake(8, "ollama", parents=[7], uid=998)]
    host([socket(None)], *service, Fake(9), users=[998])
    assert [each.pid for each in find(HERE)] == [7]
    host([socket(None)], *service, Fake(9, "cron", uid=998), users=[998])
    with pytest.raises(Unseen, match="its user has several programs"):
        find(HERE)
    host([socket(None)], Fake(7, "dockerd", uid=0), users=[0])
    with pytest.raises(Unseen, match="another user"):
        find(HERE)


def test_without_the_right_to_read_all_sockets_each_process_is_asked(host, monkeypatch):
    mine, theirs = Fake(7), Fake(8)
    mine.net_connections = lambda kind: [socket(None)]

    def denied(*kind):
        raise psutil.AccessDenied

    theirs.net_connections = denied
    host([], mine, theirs)
    monkeypatch.setattr(module.psutil, "net_connections", denied)
    assert [each.pid for each in find(HERE)] == [7]


def test_a_process_that_ends_meanwhile_is_unseen(host, monkeypatch):
    def gone(pid=None):
        raise psutil.NoSuchProcess(pid)

    host([socket(7)])
    monkeypatch.setattr(module.psutil, "Process", gone)
    with pytest.raises(Unseen, match="cannot be read"):
        find(HERE)
