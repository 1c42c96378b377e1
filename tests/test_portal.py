import asyncio
import contextvars
import os
import threading

import pytest

from dynamicrag import portal

name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="")


async def loop_of() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def test_clients_always_find_their_own_loop():
    async def from_here():
        return await portal.arun(loop_of())

    found = {portal.run(from_here()), asyncio.run(from_here()), asyncio.run(from_here())}
    assert len(found) == 1


def test_synchronous_callers_need_no_loop_and_keep_none_open():
    loops = {portal.run(loop_of()) for _ in range(10)}
    assert len(loops) == 1
    assert not next(iter(loops)).is_running()


def test_many_threads_at_once():
    results: list[int] = []

    def work(number: int) -> None:
        async def slow() -> int:
            await asyncio.sleep(0.01)
            return number

        results.append(portal.run(slow()))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(30))


def test_a_caller_whose_thread_has_a_loop_is_served_elsewhere():
    async def notebook():
        return portal.run(loop_of()), asyncio.get_running_loop()

    served, own = asyncio.run(notebook())
    assert served is not own


def test_blocking_the_shared_loop_is_refused():
    async def inside():
        portal.run(loop_of())

    with pytest.raises(RuntimeError, match="portal's own loop"):
        portal.run(portal.arun(inside()))


def test_an_interrupted_caller_cancels_the_work():
    seen: list[str] = []

    async def work():
        try:
            asyncio.get_running_loop().call_later(0.01, interrupt)
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        portal.run(work())
    assert seen == ["cancelled"]
    assert portal.run(loop_of())


def test_the_loop_of_interrupted_work_serves_the_next():
    async def interrupted() -> None:
        raise KeyboardInterrupt

    async def waiting() -> str:
        await asyncio.sleep(0.01)
        return "done"

    with pytest.raises(KeyboardInterrupt):
        portal.run(interrupted())
    assert portal.run(waiting()) == "done"


def test_context_variables_travel_along():
    async def read() -> str:
        return name.get()

    async def both() -> tuple[str, str]:
        return await read(), await portal.arun(read())

    name.set("kept")
    assert portal.run(both()) == ("kept", "kept")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_fork_gets_loops_of_its_own():
    portal.run(portal.arun(loop_of()))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        portal.run(portal.arun(loop_of()))
        os.write(write, b"done")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"done"
    os.close(read)
    os.close(write)


def test_a_cancelled_caller_waits_until_the_work_has_cleaned_up():
    seen: list[str] = []

    async def work():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)
            seen.append("cleaned up")

    async def caller():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(portal.arun(work()), 0.02)
        assert seen == ["cleaned up"]

    asyncio.run(caller())


def test_work_ends_though_its_callers_loop_is_closed():
    seen = threading.Event()

    async def work():
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)
            seen.set()

    async def leave_behind():
        task = asyncio.create_task(portal.arun(work()))
        await asyncio.sleep(0.02)
        for _ in range(3):  # a closing loop cancels, and does not wait for long
            task.cancel()
            await asyncio.sleep(0)

    asyncio.run(leave_behind())
    assert seen.wait(2)


def test_work_that_is_cancelled_as_it_begins_ends():
    async def caller():
        task = asyncio.create_task(portal.arun(asyncio.sleep(10)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(caller())
