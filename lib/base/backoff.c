#include "backoff.h"

unsigned
bk_backoff_pause(unsigned attempt, uint32_t random)
{
	unsigned cap = attempt >= 8 ? 20000 : 100U << attempt;

	if (cap > 20000)
		cap = 20000;
	return (unsigned)((uint64_t)random * cap >> 32);
}
