/* Where libsimavr 1.6 differs from the ATmega328P's data sheet. */
#include "board.h"

#include <string.h>

#include <avr_timer.h>

static void raise_unmasked(avr_t *avr, avr_int_vector_t *vector)
{
	if (vector->vector && !vector->pending && avr_regbit_get(avr, vector->enable) &&
	    avr_regbit_get(avr, vector->raised))
		avr_raise_interrupt(avr, vector);
}

/* libsimavr forgets a flag that a timer raised while it was masked; the chip serves it when unmasked */
static void on_timer_mask(struct avr_irq_t *irq, uint32_t value, void *param)
{
	avr_timer_t *timer = param;
	(void)irq, (void)value;
	raise_unmasked(timer->io.avr, &timer->icr);
	for (int i = 0; i < AVR_TIMER_COMP_COUNT; i++)
		raise_unmasked(timer->io.avr, &timer->comp[i].interrupt);
	raise_unmasked(timer->io.avr, &timer->overflow);
}

static void clear_written(avr_t *avr, avr_int_vector_t *vector, uint8_t written)
{
	if (vector->vector && (written >> vector->raised.bit & 1) && avr_regbit_get(avr, vector->raised))
		avr_clear_interrupt(avr, vector);
}

/* libsimavr 1.6 clears all flags of a timer when a one is written to any; the chip clears that one */
static void on_timer_flags(avr_t *avr, avr_io_addr_t address, uint8_t written, void *param)
{
	avr_timer_t *timer = param;
	(void)address;
	clear_written(avr, &timer->icr, written);
	for (int i = 0; i < AVR_TIMER_COMP_COUNT; i++)
		clear_written(avr, &timer->comp[i].interrupt, written);
	clear_written(avr, &timer->overflow, written);
}

static void correct_timers(avr_t *avr)
{
	for (avr_io_t *io = avr->io_port; io; io = io->next) {
		if (strcmp(io->kind, "timer"))
			continue;
		const avr_int_vector_t *overflow = &((avr_timer_t *)io)->overflow;
		avr_irq_register_notify(
			avr_iomem_getirq(avr, overflow->enable.reg, NULL, AVR_IOMEM_IRQ_ALL), on_timer_mask, io);
		avr->io[AVR_DATA_TO_IO(overflow->raised.reg)].w.c = on_timer_flags;
		avr->io[AVR_DATA_TO_IO(overflow->raised.reg)].w.param = io;
	}
}

/* libsimavr clears UDRE with the transmitter and forgets to set it when the transmitter is on again */
static void on_uart_control(struct avr_irq_t *irq, uint32_t value, void *param)
{
	Board *board = param;
	(void)irq, (void)value;
	if (avr_regbit_get(board->avr, board->uart->txen) && board->uart->tx_cnt == 0)
		avr_regbit_set(board->avr, board->uart->udrc.raised);
}

void chip_correct(Board *board)
{
	correct_timers(board->avr);
	avr_irq_register_notify(
		avr_iomem_getirq(board->avr, board->uart->txen.reg, NULL, AVR_IOMEM_IRQ_ALL),
		on_uart_control, board);
}
