"""The room agent: every serial device of a room, presented on the bus."""

from devices.agent.room import RoomAgent, agent_id, agent_will

__all__ = ["RoomAgent", "agent_id", "agent_will"]
