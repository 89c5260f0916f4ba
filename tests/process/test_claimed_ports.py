"""Test processes choose their ports from blocks of their own."""

import socket

from tests import free_ports
from tests.free_ports import BLOCK, FIRST, LAST, PortBlock

HOST = "127.0.0.1"


def test_no_two_processes_choose_the_same_port_and_a_block_is_free_again_once_its_process_ended() -> None:
    one, other = PortBlock(), PortBlock()
    chosen = [{block.free_port(HOST) for _ in range(20)} for block in (one, other)]
    assert [len(ports) for ports in chosen] == [20, 20]
    assert chosen[0].isdisjoint(range(other.first, other.first + BLOCK))
    assert all(FIRST <= port <= LAST for ports in chosen for port in ports)
    one.release()
    again = PortBlock()
    assert again.first != other.first
    again.release()
    other.release()


def test_a_port_that_something_uses_is_left_out() -> None:
    block = PortBlock()
    try:
        used = block.free_port(HOST)
        with socket.create_server((HOST, used)):
            assert used not in {block.free_port(HOST) for _ in range(BLOCK)}
    finally:
        block.release()


def test_a_port_whose_connections_have_ended_is_free_at_once() -> None:
    block = PortBlock()
    try:
        used = block.free_port(HOST)
        with socket.create_server((HOST, used)) as server, socket.create_connection((HOST, used)) as client:
            accepted, _ = server.accept()
            accepted.close()  # first, so that its end is the one that the kernel keeps
            assert client.recv(1) == b""
        assert used in {block.free_port(HOST) for _ in range(BLOCK)}
        socket.create_server((HOST, used)).close()
    finally:
        block.release()


def test_a_process_keeps_its_block() -> None:
    one, other = (free_ports.free_port(HOST) for _ in range(2))
    assert 0 < abs(one - other) < BLOCK


def test_a_server_with_a_fixed_port_has_an_address_of_its_own() -> None:
    network = free_ports.own_network()
    assert network == free_ports.own_network()
    with socket.create_server((f"{network}.255.1", 0)) as server:
        assert server.getsockname()[0].startswith("127.")
