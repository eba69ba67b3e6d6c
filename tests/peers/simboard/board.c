/* The AVR of a board: time, pins, reset, and the UART paced by its own baud register. */
#define _GNU_SOURCE
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <avr_ioport.h>
#include <sim_hex.h>
#include <sim_io.h>

typedef unsigned __int128 u128;

enum { BAUD_TOLERANCE_PERCENT = 5, NOISE = 0xd6 };

static const char PORTS[3] = {'B', 'C', 'D'};

uint64_t mono_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static u128 board_hz_e9(const Board *board)
{
	return (u128)BOARD_HZ * (u128)(1000000000LL + board->ppm_e3);
}

uint64_t board_cycle(const Board *board)
{
	return board->cycle_base + board->avr->cycle;
}

uint64_t board_cycle_at(const Board *board, uint64_t world_ns)
{
	const u128 per_second = (u128)1000000000ULL * 1000000000ULL;
	return (uint64_t)(((u128)world_ns * board_hz_e9(board) + per_second - 1) / per_second);
}

uint64_t board_world_ns(const Board *board, uint64_t cycle)
{
	return (uint64_t)((u128)cycle * 1000000000ULL * 1000000000ULL / board_hz_e9(board));
}

/* --- UART --- */

static avr_cycle_count_t wire_cycles_per_byte(Board *board)
{
	avr_uart_t *uart = board->uart;
	const uint8_t *data = board->avr->data;
	const uint32_t divider = data[uart->ubrrl.reg] | (uint32_t)(data[uart->ubrrh.reg] & 0x0f) << 8;
	const uint32_t per_bit = (divider + 1) * (avr_regbit_get(board->avr, uart->u2x) ? 8 : 16);
	/* libsimavr counts a parity bit that 8N1 does not have */
	uart->cycles_per_byte = 10 * per_bit;
	return uart->cycles_per_byte;
}

bool board_hears(Board *board)
{
	const uint64_t own = 10 * BOARD_HZ / wire_cycles_per_byte(board);
	const uint64_t host = board->host_baud;
	const uint64_t gap = host > own ? host - own : own - host;
	return host == 0 || gap * 100 <= own * BAUD_TOLERANCE_PERCENT;
}

static void on_uart_output(struct avr_irq_t *irq, uint32_t value, void *param)
{
	Board *board = param;
	(void)irq;
	const avr_cycle_count_t per_byte = wire_cycles_per_byte(board);
	const uint64_t now = board_cycle(board);
	board->last_tx_cycle = (board->last_tx_cycle > now ? board->last_tx_cycle : now) + per_byte;
	if (board->sent_end == board->sent_room) {
		if (board->sent_start) {
			memmove(board->sent, board->sent + board->sent_start,
				(board->sent_end - board->sent_start) * sizeof(Sent));
			board->sent_end -= board->sent_start;
			board->sent_start = 0;
		} else {
			board->sent_room = board->sent_room ? 2 * board->sent_room : 4096;
			board->sent = realloc(board->sent, board->sent_room * sizeof(Sent));
		}
	}
	const uint8_t byte = (uint8_t)value ^ (board_hears(board) ? 0 : NOISE);
	board->sent[board->sent_end++] = (Sent){byte, board->last_tx_cycle};
}

static void deliver_byte(Board *board)
{
	avr_uart_t *uart = board->uart;
	const uint8_t byte =
		board->from_host.data[board->from_host.start++] ^ (board_hears(board) ? 0 : NOISE);
	const unsigned waiting = (unsigned)(uart->input.write - uart->input.read) & 63U;
	board->next_rx_cycle = board_cycle(board) + wire_cycles_per_byte(board);
	if (waiting >= 3) { /* two bytes of FIFO and the shift register */
		board->overruns++;
		return;
	}
	avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
}

void board_send(Board *board, const uint8_t *data, size_t size)
{
	bytes_add(&board->from_host, data, size);
}

/* --- pins --- */

static int port_index(char port)
{
	return port == 'B' ? 0 : port == 'C' ? 1 : 2;
}

static void drive_port(Board *board, char port)
{
	const int index = port_index(port);
	avr_ioport_external_t external = {.name = (unsigned char)port};
	for (int bit = 0; bit < 8; bit++) {
		external.mask |= (unsigned)board->pin_driven[index][bit] << bit;
		external.value |= (unsigned)board->pin_level[index][bit] << bit;
	}
	avr_ioctl(board->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(port), &external);
}

Applied board_set_pin(Board *board, char port, int bit, int level)
{
	const uint64_t cycle = board_cycle(board);
	board->pin_driven[port_index(port)][bit] = true;
	board->pin_level[port_index(port)][bit] = level != 0;
	drive_port(board, port);
	avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit), level != 0);
	return (Applied){board->index, port, (uint8_t)bit, level != 0,
		cycle, board_world_ns(board, cycle), mono_now_ns()};
}

static void restore_pins(Board *board)
{
	for (int index = 0; index < 3; index++) {
		drive_port(board, PORTS[index]);
		for (int bit = 0; bit < 8; bit++) {
			if (!board->pin_driven[index][bit])
				continue;
			avr_irq_t *irq =
				avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ(PORTS[index]), bit);
			/* a level that libsimavr believes unchanged would not reach PINx again */
			irq->value = !board->pin_level[index][bit];
			avr_raise_irq(irq, board->pin_level[index][bit]);
		}
	}
}

static bool stimulus_before(const Stimulus *a, const Stimulus *b)
{
	return a->world_ns != b->world_ns ? a->world_ns < b->world_ns : a->order < b->order;
}

void board_schedule(Board *board, Stimulus stimulus)
{
	if (board->stimuli_count == board->stimuli_room) {
		board->stimuli_room = board->stimuli_room ? 2 * board->stimuli_room : 1024;
		board->stimuli = realloc(board->stimuli, board->stimuli_room * sizeof(Stimulus));
	}
	size_t at = board->stimuli_count++;
	while (at && stimulus_before(&stimulus, &board->stimuli[(at - 1) / 2])) {
		board->stimuli[at] = board->stimuli[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	board->stimuli[at] = stimulus;
}

static Stimulus take_stimulus(Board *board)
{
	const Stimulus first = board->stimuli[0];
	const Stimulus last = board->stimuli[--board->stimuli_count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= board->stimuli_count)
			break;
		if (child + 1 < board->stimuli_count &&
		    stimulus_before(&board->stimuli[child + 1], &board->stimuli[child]))
			child++;
		if (!stimulus_before(&board->stimuli[child], &last))
			break;
		board->stimuli[at] = board->stimuli[child];
		at = child;
	}
	board->stimuli[at] = last;
	return first;
}

/* --- time --- */

static avr_cycle_count_t on_stop(avr_t *avr, avr_cycle_count_t when, void *param)
{
	(void)avr, (void)when, (void)param;
	return 0;
}

static avr_cycle_count_t on_world(avr_t *avr, avr_cycle_count_t when, void *param)
{
	Board *board = param;
	uint64_t next = UINT64_MAX;
	(void)when;
	while (board->stimuli_count) {
		const uint64_t due = board_cycle_at(board, board->stimuli[0].world_ns);
		if (due > board_cycle(board)) {
			next = due;
			break;
		}
		const Stimulus now = take_stimulus(board);
		log_applied(board_set_pin(board, now.port, now.bit, now.level));
	}
	if (board->from_host.start < board->from_host.end) {
		if (board->next_rx_cycle <= board_cycle(board))
			deliver_byte(board);
		if (board->from_host.start < board->from_host.end && board->next_rx_cycle < next)
			next = board->next_rx_cycle;
	}
	if (next == UINT64_MAX)
		return 0;
	next -= board->cycle_base;
	return next > avr->cycle ? next : avr->cycle + 1;
}

static void resume_after_reset(Board *board, uint64_t cycles_before)
{
	/* some releases of libsimavr count from 0 again, some go on */
	if (board->avr->cycle < cycles_before)
		board->cycle_base += cycles_before - board->avr->cycle;
	board->was_reset = false;
	restore_pins(board);
}

void board_run_until(Board *board, uint64_t world_ns)
{
	avr_t *avr = board->avr;
	const uint64_t target = board_cycle_at(board, world_ns);
	bool armed = false;
	while (board_cycle(board) < target) {
		if (!armed) {
			avr_cycle_timer_register(avr, target - board_cycle(board), on_stop, board);
			avr_cycle_timer_register(avr, 0, on_world, board);
			armed = true;
		}
		const uint64_t before = avr->cycle;
		avr_run(avr);
		if (board->was_reset) { /* by the watchdog */
			resume_after_reset(board, before);
			armed = false;
		}
		if (avr->state == cpu_Done || avr->state == cpu_Crashed)
			board->cycle_base += target - board_cycle(board);
	}
}

/* --- life --- */

typedef struct BoardIo {
	avr_io_t io;
	Board *board;
} BoardIo;

static void on_avr_reset(avr_io_t *io)
{
	Board *board = ((BoardIo *)io)->board;
	board->was_reset = true;
	while (board->sent_end > board->sent_start &&
	       board->sent[board->sent_end - 1].due_cycle > board_cycle(board))
		board->sent_end--;
	board->last_tx_cycle = board->next_rx_cycle = 0;
}

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles)
{
	(void)avr, (void)cycles;
}

static void restart(Board *board)
{
	const uint64_t before = board->avr->cycle;
	avr_reset(board->avr);
	resume_after_reset(board, before);
}

void board_power(Board *board)
{
	restart(board);
	avr_regbit_set(board->avr, board->avr->reset_flags.porf);
}

void board_reset(Board *board)
{
	restart(board);
	avr_regbit_set(board->avr, board->avr->reset_flags.extrf);
}

void board_make(Board *board, int index, const char *mcu, double ppm, const char *link)
{
	memset(board, 0, sizeof *board);
	board->index = index;
	board->ppm_e3 = (int64_t)(ppm * 1000.0 + (ppm < 0 ? -0.5 : 0.5));
	board->master = -1;
	board->auto_reset = true;
	snprintf(board->link, sizeof board->link, "%s", link);

	avr_t *avr = avr_make_mcu_by_name(mcu);
	if (!avr) {
		fprintf(stderr, "unknown AVR %s\n", mcu);
		exit(2);
	}
	avr_init(avr);
	avr->frequency = BOARD_HZ;
	avr->log = LOG_ERROR;
	avr->sleep = no_sleep;
	board->avr = avr;
	for (avr_io_t *io = avr->io_port; io; io = io->next)
		if (!strcmp(io->kind, "uart") && ((avr_uart_t *)io)->name == '0')
			board->uart = (avr_uart_t *)io;
	uint32_t flags = 0;
	avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
	avr_irq_register_notify(
		avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_uart_output, board);

	chip_correct(board);

	BoardIo *io = calloc(1, sizeof *io);
	io->io.kind = "board";
	io->io.reset = on_avr_reset;
	io->board = board;
	avr_register_io(avr, &io->io);
}

void board_load(Board *board, const char *hex_path, bool is_bootloader)
{
	ihex_chunk_p chunks = NULL;
	const int count = read_ihex_chunks(hex_path, &chunks);
	if (count < 1) {
		fprintf(stderr, "cannot read %s\n", hex_path);
		exit(2);
	}
	for (int i = 0; i < count; i++)
		memcpy(board->avr->flash + chunks[i].baseaddr, chunks[i].data, chunks[i].size);
	board->avr->codeend = board->avr->flashend;
	if (is_bootloader)
		board->avr->reset_pc = chunks[0].baseaddr;
	free_ihex_chunks(chunks);
}
