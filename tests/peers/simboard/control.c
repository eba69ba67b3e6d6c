#define _GNU_SOURCE
#include "control.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 8, LINE = 8192 };

typedef unsigned long long ull;

typedef struct Client {
	int fd;
	Bytes input;
	size_t schedule_left, schedule_count;
} Client;

static int listener = -1;
static Client clients[CLIENTS];
static Applied *applied;
static size_t applied_count, applied_room;
static uint64_t order;

void log_applied(Applied entry)
{
	if (applied_count == applied_room) {
		applied_room = applied_room ? 2 * applied_room : 1024;
		applied = realloc(applied, applied_room * sizeof(Applied));
	}
	applied[applied_count++] = entry;
}

void control_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	for (int i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	unlink(path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, CLIENTS)) {
		perror(path);
		exit(2);
	}
}

void control_close(const char *path)
{
	close(listener);
	unlink(path);
}

static void answer_bytes(const Client *client, const void *data, size_t size)
{
	const char *left = data;
	while (size) {
		const ssize_t sent = send(client->fd, left, size, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		left += sent;
		size -= (size_t)sent;
	}
}

__attribute__((format(printf, 2, 3))) static void answer(const Client *client, const char *format, ...)
{
	char line[512];
	va_list arguments;
	va_start(arguments, format);
	const int size = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	answer_bytes(client, line, (size_t)size);
}

/* "D8", "8", "A0" are Arduino names; "PB0" is the chip's own. */
static bool parse_pin(const char *name, char *port, int *bit)
{
	int number;
	char tail;
	if (sscanf(name, "P%c%d%c", port, bit, &tail) == 2)
		return *port >= 'B' && *port <= 'D' && *bit >= 0 && *bit < 8;
	if (sscanf(name, "A%d%c", &number, &tail) == 1) {
		*port = 'C';
		*bit = number;
		return number >= 0 && number < 6;
	}
	if (sscanf(*name == 'D' ? name + 1 : name, "%d%c", &number, &tail) != 1 || number < 0 || number > 13)
		return false;
	*port = number < 8 ? 'D' : 'B';
	*bit = number < 8 ? number : number - 8;
	return true;
}

static Board *board_of(World *world, int index)
{
	return index >= 0 && index < world->count ? &world->boards[index] : NULL;
}

static bool schedule(World *world, int index, const char *pin, int level, double world_us)
{
	Board *board = board_of(world, index);
	Stimulus stimulus = {.world_ns = (uint64_t)(world_us * 1000.0 + 0.5), .order = order++};
	int bit;
	if (!board || world_us < 0 || !parse_pin(pin, &stimulus.port, &bit))
		return false;
	stimulus.bit = (uint8_t)bit;
	stimulus.level = level != 0;
	board_schedule(board, stimulus);
	return true;
}

static void answer_now(const World *world, const Client *client)
{
	answer(client, "ok %llu %llu %llu", (ull)world->now_ns, (ull)mono_now_ns(), (ull)world->lag_ns);
	for (int i = 0; i < world->count; i++)
		answer(client, " %llu", (ull)board_cycle(&world->boards[i]));
	answer(client, "\n");
}

static void answer_applied(const Client *client)
{
	Bytes text = {0};
	char line[128];
	int size = snprintf(line, sizeof line, "ok %zu\n", applied_count);
	bytes_add(&text, line, (size_t)size);
	for (size_t i = 0; i < applied_count; i++) {
		const Applied *entry = &applied[i];
		size = snprintf(line, sizeof line, "%d P%c%d %d %llu %llu %llu\n", entry->board, entry->port,
			entry->bit, entry->level, (ull)entry->cycle, (ull)entry->world_ns,
			(ull)entry->mono_ns);
		bytes_add(&text, line, (size_t)size);
	}
	applied_count = 0;
	answer_bytes(client, text.data, text.end);
	free(text.data);
}

static void answer_heard(const Client *client, Board *board)
{
	answer(client, "ok %zu\n", board->heard_lines);
	answer_bytes(client, board->heard.data + board->heard.start, board->heard.end - board->heard.start);
	board->heard.start = board->heard.end = 0;
	board->heard_lines = 0;
}

static void answer_flash(const Client *client, const Board *board)
{
	Bytes text = {0};
	char digits[3];
	bytes_add(&text, "ok 1\n", 5);
	for (uint32_t at = 0; at <= board->avr->flashend; at++) {
		snprintf(digits, sizeof digits, "%02x", board->avr->flash[at]);
		bytes_add(&text, digits, 2);
	}
	bytes_add(&text, "\n", 1);
	answer_bytes(client, text.data, text.end);
	free(text.data);
}

static bool send_hex(Board *board, const char *hex)
{
	uint8_t data[LINE / 2];
	size_t size = 0;
	unsigned byte;
	for (; hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		data[size++] = (uint8_t)byte;
	if (*hex)
		return false;
	board_send(board, data, size);
	return true;
}

static void obey_board(World *world, Client *client, const char *verb, const char *line)
{
	char text[LINE], pin[16], port;
	int index = -1, bit, level;
	double world_us;
	sscanf(line, "%*s %d", &index);
	Board *board = board_of(world, index);
	if (!board) {
		answer(client, "error board\n");
	} else if (!strcmp(verb, "set")) {
		const int fields = sscanf(line, "set %*d %15s %d at %lf", pin, &level, &world_us);
		if (fields < 2 || !parse_pin(pin, &port, &bit)) {
			answer(client, "error pin\n");
		} else if (fields == 3) {
			schedule(world, index, pin, level, world_us);
			answer(client, "ok queued\n");
		} else {
			const Applied now = board_set_pin(board, port, bit, level);
			answer(client, "ok %llu %llu %llu\n", (ull)now.cycle, (ull)now.world_ns,
				(ull)now.mono_ns);
		}
	} else if (!strcmp(verb, "send")) {
		if (sscanf(line, "send %*d %8191s", text) == 1 && send_hex(board, text))
			answer(client, "ok %llu\n", (ull)world->now_ns);
		else
			answer(client, "error hex\n");
	} else if (!strcmp(verb, "heard")) {
		answer_heard(client, board);
	} else if (!strcmp(verb, "flash")) {
		answer_flash(client, board);
	} else {
		if (!strcmp(verb, "reset"))
			board_reset(board);
		else if (!strcmp(verb, "power"))
			board_power(board);
		else if (!strcmp(verb, "pull"))
			board_pull(board);
		else if (!strcmp(verb, "plug"))
			board_plug(board);
		else if (!strcmp(verb, "autoreset"))
			board->auto_reset = strstr(line, " on") != NULL;
		answer(client, "ok %llu\n", (ull)world->now_ns);
	}
}

static bool is_board_verb(const char *verb)
{
	static const char *const verbs[] = {
		"set", "send", "heard", "flash", "reset", "power", "pull", "plug", "autoreset"};
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(verb, verbs[i]))
			return true;
	return false;
}

static void obey(World *world, Client *client, const char *line)
{
	char verb[16] = "", text[16];
	int index, level;
	double us;
	sscanf(line, "%15s", verb);
	if (client->schedule_left) {
		char pin[16];
		if (sscanf(line, "%d %15s %d %lf", &index, pin, &level, &us) == 4 &&
		    schedule(world, index, pin, level, us))
			client->schedule_count++;
		if (!--client->schedule_left)
			answer(client, "ok %zu\n", client->schedule_count);
	} else if (is_board_verb(verb)) {
		obey_board(world, client, verb, line);
	} else if (!strcmp(verb, "now")) {
		answer_now(world, client);
	} else if (!strcmp(verb, "applied")) {
		answer_applied(client);
	} else if (!strcmp(verb, "run") && sscanf(line, "run %lf", &us) == 1 && !world->real) {
		world_run_until(world, world->now_ns + (uint64_t)(us * 1000.0));
		answer(client, "ok %llu\n", (ull)world->now_ns);
	} else if (!strcmp(verb, "schedule") && sscanf(line, "schedule %zu", &client->schedule_left) == 1) {
		client->schedule_count = 0;
		if (!client->schedule_left)
			answer(client, "ok 0\n");
	} else if (!strcmp(verb, "pace") && sscanf(line, "pace %15s", text) == 1) {
		world_set_pace(world, !strcmp(text, "real"));
		answer(client, "ok %llu\n", (ull)world->now_ns);
	} else if (!strcmp(verb, "quit")) {
		world->quit = true;
		answer(client, "ok\n");
	} else {
		answer(client, "error command\n");
	}
}

static void read_client(World *world, Client *client)
{
	char data[65536];
	const ssize_t size = recv(client->fd, data, sizeof data, MSG_DONTWAIT);
	if (size <= 0) {
		close(client->fd);
		client->fd = -1;
		client->input.start = client->input.end = 0;
		client->schedule_left = 0;
		world->quit = world->quit || world->follow;
		return;
	}
	bytes_add(&client->input, data, (size_t)size);
	for (;;) {
		char *line = (char *)client->input.data + client->input.start;
		char *end = memchr(line, '\n', client->input.end - client->input.start);
		if (!end)
			return;
		*end = 0;
		client->input.start += (size_t)(end - line) + 1;
		obey(world, client, line);
	}
}

static void accept_client(void)
{
	const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	for (int i = 0; fd >= 0 && i < CLIENTS; i++)
		if (clients[i].fd < 0) {
			clients[i].fd = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

void control_wait(World *world, uint64_t at_most_ns)
{
	struct pollfd polled[1 + CLIENTS + 64];
	const struct timespec timeout = {(time_t)(at_most_ns / 1000000000ULL), (long)(at_most_ns % 1000000000ULL)};
	nfds_t count = 0;
	polled[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (int i = 0; i < CLIENTS; i++)
		polled[count++] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
	for (int i = 0; i < world->count && i < 64; i++)
		if (world->real && world->boards[i].open)
			polled[count++] = (struct pollfd){.fd = world->boards[i].master, .events = POLLIN};
	if (ppoll(polled, count, &timeout, NULL) <= 0)
		return;
	if (world->real)
		world_run_until(world, mono_now_ns() - world->base_ns);
	if (polled[0].revents)
		accept_client();
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i].fd >= 0 && polled[1 + i].revents && polled[1 + i].fd == clients[i].fd)
			read_client(world, &clients[i]);
}
