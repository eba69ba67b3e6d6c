/* The USB cable of a board: a PTY whose opening resets the MCU, as DTR does on a real one. */
#define _GNU_SOURCE
#include "board.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void bytes_add(Bytes *bytes, const void *data, size_t size)
{
	if (bytes->start == bytes->end)
		bytes->start = bytes->end = 0;
	if (bytes->end + size > bytes->room) {
		memmove(bytes->data, bytes->data + bytes->start, bytes->end - bytes->start);
		bytes->end -= bytes->start;
		bytes->start = 0;
		while (bytes->end + size > bytes->room)
			bytes->room = bytes->room ? 2 * bytes->room : 4096;
		bytes->data = realloc(bytes->data, bytes->room);
	}
	memcpy(bytes->data + bytes->end, data, size);
	bytes->end += size;
}

void board_plug(Board *board)
{
	if (board->master >= 0 || !board->link[0])
		return;
	board->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (board->master < 0 || grantpt(board->master) || unlockpt(board->master)) {
		perror("pty");
		exit(2);
	}
	/* a slave that was open once and is closed makes the master report POLLHUP */
	const int slave = open(ptsname(board->master), O_RDWR | O_NOCTTY);
	struct termios raw;
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	tcsetattr(slave, TCSANOW, &raw);
	close(slave);
	unlink(board->link);
	if (symlink(ptsname(board->master), board->link)) {
		perror(board->link);
		exit(2);
	}
	board->open = false;
}

void board_pull(Board *board)
{
	if (board->master < 0)
		return;
	unlink(board->link);
	close(board->master);
	board->master = -1;
	board->open = false;
	board->to_host.start = board->to_host.end = 0;
	board->from_host.start = board->from_host.end = 0;
}

void board_watch_host(Board *board)
{
	if (board->master < 0)
		return;
	struct pollfd master = {.fd = board->master, .events = POLLIN};
	poll(&master, 1, 0);
	const bool open = !(master.revents & POLLHUP);
	if (open == board->open)
		return;
	board->open = open;
	if (open && board->auto_reset)
		board_reset(board);
	if (!open) {
		board->from_host.start = board->from_host.end = 0;
		board->to_host.start = board->to_host.end = 0;
	}
}

static unsigned baud_of(speed_t speed)
{
	static const struct {
		speed_t speed;
		unsigned baud;
	} known[] = {{B1200, 1200}, {B9600, 9600}, {B19200, 19200}, {B38400, 38400},
		{B57600, 57600}, {B115200, 115200}, {B230400, 230400}, {B500000, 500000},
		{B1000000, 1000000}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].speed == speed)
			return known[i].baud;
	return 0;
}

static unsigned host_baud(const Board *board)
{
	struct termios host;
	return board->open && !tcgetattr(board->master, &host) ? baud_of(cfgetospeed(&host)) : 0;
}

static void hear(Board *board, uint8_t byte, uint64_t cycle)
{
	char text[32];
	if (byte != '\n') {
		const uint8_t shown = byte >= ' ' && byte < 0x7f ? byte : '?';
		if (byte != '\r')
			bytes_add(&board->line, &shown, 1);
		return;
	}
	const int size = snprintf(text, sizeof text, "%llu ",
		(unsigned long long)board_world_ns(board, cycle));
	bytes_add(&board->heard, text, (size_t)size);
	bytes_add(&board->heard, board->line.data + board->line.start,
		board->line.end - board->line.start);
	bytes_add(&board->heard, "\n", 1);
	board->line.start = board->line.end = 0;
	board->heard_lines++;
}

/* A world that is behind the host must not hear a byte before the host's clock said it: what is measured by
   asking and answering would lie outside of its bounds. */
static void take_from_host(Board *board, const uint8_t *data, size_t size, uint64_t zero_ns)
{
	if (zero_ns != NO_WALL_CLOCK && board->from_host.start == board->from_host.end) {
		const uint64_t said = board_cycle_at(board, mono_now_ns() - zero_ns);
		if (board->next_rx_cycle < said)
			board->next_rx_cycle = said;
	}
	bytes_add(&board->from_host, data, size);
}

void board_exchange(Board *board, uint64_t zero_ns)
{
	const uint64_t now = board_cycle(board);
	board->host_baud = host_baud(board);
	while (board->sent_start < board->sent_end && board->sent[board->sent_start].due_cycle <= now) {
		const Sent sent = board->sent[board->sent_start++];
		hear(board, sent.byte, sent.due_cycle);
		if (board->open)
			bytes_add(&board->to_host, &sent.byte, 1);
	}
	if (!board->open)
		return;
	while (board->to_host.start < board->to_host.end) {
		const ssize_t written = write(board->master, board->to_host.data + board->to_host.start,
			board->to_host.end - board->to_host.start);
		if (written <= 0)
			break;
		board->to_host.start += (size_t)written;
	}
	uint8_t data[4096];
	const ssize_t size = read(board->master, data, sizeof data);
	if (size > 0)
		take_from_host(board, data, (size_t)size, zero_ns);
}
