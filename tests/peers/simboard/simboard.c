/* simboard: Arduinos of libsimavr that share one world clock, each on its own PTY (see README.md). */
#define _GNU_SOURCE
#include "control.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t SLICE_NS = 500000;
static const uint64_t LONG_SLICE_NS = 20000000; /* while no port is open and no wall clock waits */
static const uint64_t MOST_BEHIND_NS = 50000000;
static const uint64_t IDLE_NS = 200000000;
static const int PRIORITY = -15; /* a real crystal waits for no host; where that is not allowed, as it was */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t slice_ns(const World *world)
{
	for (int i = 0; i < world->count; i++)
		if (world->real || world->boards[i].open)
			return SLICE_NS;
	return LONG_SLICE_NS;
}

void world_run_until(World *world, uint64_t world_ns)
{
	while (world->now_ns < world_ns) {
		uint64_t next_ns = world->now_ns + slice_ns(world);
		if (next_ns > world_ns)
			next_ns = world_ns;
		const uint64_t zero_ns = world->real ? world->base_ns : NO_WALL_CLOCK;
		for (int i = 0; i < world->count; i++) {
			board_watch_host(&world->boards[i]);
			board_exchange(&world->boards[i], zero_ns);
			board_run_until(&world->boards[i], next_ns);
			board_exchange(&world->boards[i], zero_ns);
		}
		world->now_ns = next_ns;
	}
}

void world_set_pace(World *world, bool real)
{
	world->real = real;
	world->base_ns = mono_now_ns() - world->now_ns;
}

static void keep_pace(World *world)
{
	const uint64_t wall_ns = mono_now_ns() - world->base_ns;
	if (wall_ns > world->now_ns + MOST_BEHIND_NS) {
		const uint64_t lost_ns = wall_ns - world->now_ns;
		world->lag_ns += lost_ns;
		world->base_ns += lost_ns;
	}
	world_run_until(world, mono_now_ns() - world->base_ns);
	control_wait(world, SLICE_NS);
}

static const char *item(const char *list, int index, char *buffer, size_t size)
{
	for (; list && index; index--) {
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	snprintf(buffer, size, "%.*s", list ? (int)strcspn(list, ",") : 0, list ? list : "");
	return buffer;
}

static void usage(void)
{
	fputs("simboard --control SOCKET --pty PATH[,PATH...] [--bootloader HEX] [--sketch HEX]\n"
	      "         [--boards N] [--ppm P[,P...]] [--mcu atmega328p] [--free] [--follow]\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"control", required_argument, 0, 'c'},
		{"pty", required_argument, 0, 'p'}, {"bootloader", required_argument, 0, 'b'},
		{"sketch", required_argument, 0, 's'}, {"boards", required_argument, 0, 'n'},
		{"ppm", required_argument, 0, 'd'}, {"mcu", required_argument, 0, 'm'},
		{"free", no_argument, 0, 'f'}, {"follow", no_argument, 0, 'l'}, {0}};
	const char *control = NULL, *pty = NULL, *bootloader = NULL, *sketch = NULL, *ppm = NULL;
	const char *mcu = "atmega328p";
	bool real = true;
	World world = {.count = 1};
	char text[256];

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'c': control = optarg; break;
		case 'p': pty = optarg; break;
		case 'b': bootloader = optarg; break;
		case 's': sketch = optarg; break;
		case 'n': world.count = atoi(optarg); break;
		case 'd': ppm = optarg; break;
		case 'm': mcu = optarg; break;
		case 'f': real = false; break;
		case 'l': world.follow = true; break;
		default: usage();
		}
	if (!control || world.count < 1 || world.count > 64 || !(bootloader || sketch))
		usage();

	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	world.boards = calloc((size_t)world.count, sizeof(Board));
	for (int i = 0; i < world.count; i++) {
		Board *board = &world.boards[i];
		const double own_ppm = atof(item(ppm, i, text, sizeof text));
		board_make(board, i, mcu, own_ppm, item(pty, i, text, sizeof text));
		if (sketch)
			board_load(board, sketch, false);
		if (bootloader)
			board_load(board, bootloader, true);
		board_power(board);
		board_plug(board);
	}
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	control_listen(control);
	world_set_pace(&world, real);
	puts("ready");
	fflush(stdout);

	while (!stopped && !world.quit) {
		if (world.real)
			keep_pace(&world);
		else
			control_wait(&world, IDLE_NS);
	}
	for (int i = 0; i < world.count; i++)
		board_pull(&world.boards[i]);
	control_close(control);
	return 0;
}
