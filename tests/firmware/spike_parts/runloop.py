# Time of the mat passes fifty times as fast as ours.

import asyncio

from world import robot


async def sleep_ms(ms):
    robot.advance(ms)
    await asyncio.sleep_ms(ms // 50)


def run(*tasks):
    async def everything():
        await asyncio.gather(*tasks)

    asyncio.run(everything())
