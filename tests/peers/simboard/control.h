/* The control socket: one line in, one answer out (see README.md). */
#ifndef SIMBOARD_CONTROL_H
#define SIMBOARD_CONTROL_H

#include "board.h"

typedef struct World {
	Board *boards;
	int count;
	uint64_t now_ns;
	uint64_t base_ns; /* CLOCK_MONOTONIC at world time 0, in real pace */
	uint64_t lag_ns;  /* wall time that the host could not keep up with */
	bool real;
	bool follow; /* end when a control client goes, so that a killed test leaves nothing behind */
	bool quit;
} World;

void world_run_until(World *world, uint64_t world_ns);
void world_set_pace(World *world, bool real);

void control_listen(const char *path);
void control_wait(World *world, uint64_t at_most_ns);
void control_close(const char *path);

#endif
