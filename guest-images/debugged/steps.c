/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * steps - for debuggers: functions, loops, locals, a structure, recursion, a global
 * that one line stores, a hypercall in an inline function. Tests name lines by
 * the marks in comments: `// mark: NAME`.
 */
#include "../lib/guest.h"

struct point {
    s32 x, y;
    const char *name;
};

enum colour { RED, GREEN = 5, BLUE };

volatile u32 stored;  /* by store() alone */
volatile u32 counted; /* by loop() */
struct point place = {3, -4, "home"};
enum colour colour = RED;
u32 bytes_of_version;

u32 store(u32 value);
u32 loop(u32 times);
u32 factorial(u32 n);
s32 move(struct point *p, s32 dx, s32 dy);
u32 call_xen(void);
void fill(u8 *to, u32 len);

static inline s32 ask_version(void)
{
    s32 result;

    asm volatile("int $0x82" // mark: int
                 : "=a"(result)
                 : "0"(NR_xen_version), "b"(0), "c"(0)
                 : "memory");
    return result; // mark: behind
}

u32 store(u32 value)
{
    u32 before = stored;

    stored = value; // mark: store
    return before;
}

u32 loop(u32 times)
{
    u32 i, sum = 0;

    for (i = 0; i < times; i++) {
        sum += i; // mark: loop
        counted++;
    }
    return sum;
}

u32 factorial(u32 n)
{
    if (n < 2)
        return 1; // mark: bottom
    return n * factorial(n - 1);
}

s32 move(struct point *p, s32 dx, s32 dy)
{
    s32 distance = (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy);

    p->x += dx; // mark: move
    p->y += dy;
    return distance;
}

u32 call_xen(void)
{
    u32 version = (u32)ask_version(); // mark: inlined

    bytes_of_version = version; // mark: version
    return version >> 16;
}

/* One instruction that stores many times. */
void fill(u8 *to, u32 len)
{
    asm volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(0xA5) : "memory"); // mark: string
}

void guest_main(void)
{
    u8 buffer[32];
    u32 i;

    CHECK("loop", loop(10), 45); // mark: begin
    CHECK("factorial", factorial(6), 720);
    CHECK("move", move(&place, 10, -20), 30);
    colour = BLUE;
    for (i = 1; i <= 3; i++)
        store(i * 100);
    CHECK("stored", stored, 300);
    CHECK("version", call_xen(), xen == XEN_2_0 ? 2 : xen == XEN_4_17 ? 4 : 3);
    fill(buffer, sizeof(buffer));
    CHECK("filled", buffer[31], 0xA5);
    loop(1000); // mark: long
    CHECK("counted", counted, 1010);
} // mark: end
