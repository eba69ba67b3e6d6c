/* One simulated Arduino: an AVR of libsimavr, its pins, its UART on a PTY, its own crystal. */
#ifndef SIMBOARD_BOARD_H
#define SIMBOARD_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <avr_uart.h>
#include <sim_avr.h>

#define BOARD_HZ 16000000ULL
#define NO_WALL_CLOCK UINT64_MAX

typedef struct Stimulus {
	uint64_t world_ns;
	uint64_t order; /* keeps two stimuli of one instant in the order they were given */
	char port;
	uint8_t bit;
	uint8_t level;
} Stimulus;

typedef struct Applied {
	int board;
	char port;
	uint8_t bit;
	uint8_t level;
	uint64_t cycle;
	uint64_t world_ns;
	uint64_t mono_ns;
} Applied;

typedef struct Bytes {
	uint8_t *data;
	size_t start, end, room;
} Bytes;

typedef struct Sent {
	uint8_t byte;
	uint64_t due_cycle;
} Sent;

typedef struct Board {
	int index;
	avr_t *avr;
	avr_uart_t *uart;
	int64_t ppm_e3; /* crystal error in 1/1000 ppm */
	uint64_t cycle_base; /* cycles counted before the last reset */
	bool was_reset, auto_reset;
	bool pin_driven[3][8], pin_level[3][8]; /* ports B, C, D */

	Stimulus *stimuli; /* a binary heap, the earliest at 0 */
	size_t stimuli_count, stimuli_room;

	Bytes from_host, to_host, heard, line;
	Sent *sent; /* bytes on the wire to the host, in order */
	size_t sent_start, sent_end, sent_room;
	uint64_t next_rx_cycle, last_tx_cycle;
	uint64_t overruns;
	size_t heard_lines;

	int master;
	bool open;
	unsigned host_baud; /* what the host asked of its terminal, 0 if nobody has it open */
	char link[256];
} Board;

uint64_t mono_now_ns(void);

void board_make(Board *board, int index, const char *mcu, double ppm, const char *link);
void board_load(Board *board, const char *hex_path, bool is_bootloader);
void board_power(Board *board);
void board_reset(Board *board);
void board_run_until(Board *board, uint64_t world_ns);

uint64_t board_cycle(const Board *board);
uint64_t board_cycle_at(const Board *board, uint64_t world_ns);
uint64_t board_world_ns(const Board *board, uint64_t cycle);

Applied board_set_pin(Board *board, char port, int bit, int level);
void board_schedule(Board *board, Stimulus stimulus);
void chip_correct(Board *board);

bool board_hears(Board *board);
void board_send(Board *board, const uint8_t *data, size_t size);

void board_plug(Board *board);
void board_pull(Board *board);
void board_watch_host(Board *board);
/* `zero_ns`: CLOCK_MONOTONIC at world time 0, or NO_WALL_CLOCK */
void board_exchange(Board *board, uint64_t zero_ns);

void bytes_add(Bytes *bytes, const void *data, size_t size);
void log_applied(Applied applied);

#endif
