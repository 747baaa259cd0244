/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Probe guest for old Xen PV ABIs, written from scratch. One line per check, "P name: value". */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;
typedef unsigned short u16;
#ifdef PAE
typedef u64 pte_t;
#define HV 0xF5800000u
#else
typedef u32 pte_t;
#define HV 0xFC000000u
#endif
#if ABI == 20
struct si {
    u32 nr_pages, _0, shared_info, _1, flags;
    u16 evtchn, _2;
    u32 pt_base, _3, nr_pt, _4, mfn_list, _5, mod_start, _6, mod_len, _7;
    char cmd[256];
};
struct mmu {
    u32 ptr, val;
};
#define VIRQ_TIMER 1
#define RES        6 /* word of a multicall entry documented as result */
#define ARG        1 /* word of argument 0 */
#else
struct si {
    char magic[32];
    u32 nr_pages, shared_info, flags, store_mfn, store_ev, cons_mfn, cons_ev, pt_base, nr_pt, mfn_list,
        mod_start, mod_len;
    char cmd[1024];
};
struct mmu {
    u64 ptr, val;
};
#define VIRQ_TIMER 0
#define RES        1
#define ARG        2
#endif
extern u32 segs[4];
extern char _start[], stubs[], cb_stub[], fs_stub[], tpage[], tpage2[], upage[], ustack[], shinfo[], hole[],
    kstack_top[], hypercall_page[], stub_iret[], recover[];
int try(void *fn, u32 arg);
void go_user(void);
u32 recover_esp, try_eax, last_vec, extra, regs0[9];
static struct si *si;
static u32 *p2m;
static u32 fr[8], fr_at, fr_mask, fr_pend, fr_regs[8], fr_msw, cur_fn, mode, skip, hits;
static char lb[1024];
static u32 lp;
static inline int hc(u32 nr, u32 a, u32 b, u32 c, u32 d, u32 e)
{
    int r;
    asm volatile("int $0x82" : "=a"(r), "+b"(a), "+c"(b), "+d"(c), "+S"(d), "+D"(e) : "0"(nr) : "memory");
    return r;
}
static void flush(void)
{
    lb[lp++] = '\n';
    lb[lp] = 0;
    hc(18, 0, lp, (u32)lb, 0, 0);
    lp = 0;
}
static void hx(u32 v)
{
    char t[9];
    int i = 0;
    do {
        t[i++] = "0123456789abcdef"[v & 15];
        v >>= 4;
    } while (v);
    while (i)
        lb[lp++] = t[--i];
}
/* arguments go through an initialiser list: gcc evaluates those left to right */
#define pr(f, ...) prv(f, (u32[]){0, ##__VA_ARGS__} + 1)
static void prv(const char *f, const u32 *ap)
{
    for (; *f; f++) {
        if (*f != '%') {
            lb[lp++] = *f;
            continue;
        }
        switch (*++f) {
        case 's': {
            const char *s = (const char *)*ap++;
            while (*s)
                lb[lp++] = *s++;
            break;
        }
        case 'x':
            hx(*ap++);
            break;
        case 'd': {
            int v = *ap++;
            char t[12];
            int i = 0;
            u32 w = v < 0 ? -(u32)v : (u32)v;
            if (v < 0)
                lb[lp++] = '-';
            do {
                t[i++] = '0' + w % 10;
                w /= 10;
            } while (w);
            while (i)
                lb[lp++] = t[--i];
            break;
        }
        case 'w': {
            u32 v = *ap++; /* address, made independent of the layout */
            if (cur_fn && v >= cur_fn && v < cur_fn + 96)
                pr("fn+%d", v - cur_fn);
            else if (v >= (u32)kstack_top - 8192 && v <= (u32)kstack_top)
                pr("kstk-%d", (u32)kstack_top - v);
            else if (v >= (u32)upage && v < (u32)upage + 4096)
                pr("upage+%d", v - (u32)upage);
            else if (v >= (u32)ustack && v <= (u32)ustack + 4096)
                pr("ustk-%d", (u32)ustack + 4096 - v);
            else if (v >= (u32)hole && v < (u32)hole + 8192)
                pr("hole+%d", v - (u32)hole);
            else if (v >= (u32)tpage && v < (u32)tpage + 4096)
                pr("tpage+%d", v - (u32)tpage);
            else if (v >= (u32)_start && v < (u32)_start + 0x100000)
                pr("@guest");
            else
                hx(v);
            break;
        }
        default:
            lb[lp++] = *f;
        }
    }
}
#define P(f, ...)                                                                                            \
    do {                                                                                                     \
        pr("P " f, ##__VA_ARGS__);                                                                           \
        flush();                                                                                             \
    } while (0)
static u8 *shi(void)
{
    return (u8 *)shinfo;
}
static void setmask(int v)
{
    ((volatile u8 *)shinfo)[1] = v;
}
void trap_c(u32 vec, u32 *f)
{
    u32 i;
    last_vec = vec;
    fr_at = (u32)f;
    hits++;
    for (i = 0; i < 8; i++)
        fr[i] = f[i];
    for (i = 0; i < 8; i++)
        fr_regs[i] = f[i - 9];
    fr_pend = shi()[0];
    fr_mask = shi()[1];
    asm volatile("smsw %0" : "=r"(fr_msw));
    if (mode == 0) {
        setmask(1);
        shi()[0] = 0;
        asm volatile("jmp *%0" ::"r"(recover));
    }
    shi()[0] = 0;
    if (mode == 2)
        setmask(0);
    i = 0;
    if (vec == 8 || (vec >= 10 && vec <= 14) || vec == 17)
        i = 1;
#if ABI == 20
    if (vec == 14)
        i = 2;
#endif
    extra = i * 4;
    f[i] += skip;
}
static void show(const char *n, int v)
{
    if (v < 0) {
        P("%s: no trap eax=%x", n, try_eax);
        return;
    }
    P("%s: vec=%d mask=%d pend=%d ts=%d words: %w %w %w %w %w %w", n, v, fr_mask, fr_pend, (fr_msw >> 3) & 1,
      fr[0], fr[1], fr[2], fr[3], fr[4], fr[5]);
}
static int tryf(void *fn, u32 arg)
{
    cur_fn = (u32)fn;
    mode = 0;
    try_eax = 0;
    return try(fn, arg);
}
#define I(n)                                                                                                 \
    do {                                                                                                     \
        extern void i_##n(void);                                                                             \
        int v_ = tryf(i_##n, 0);                                                                             \
        show("insn " #n, v_);                                                                                \
        cur_fn = 0;                                                                                          \
    } while (0)
#define IA(n, a, txt)                                                                                        \
    do {                                                                                                     \
        extern void i_##n(void);                                                                             \
        int v_ = tryf(i_##n, (u32)(a));                                                                      \
        show(txt, v_);                                                                                       \
        cur_fn = 0;                                                                                          \
    } while (0)
static u32 mfn(void *va)
{
    return p2m[((u32)va - 0xC0000000u) >> 12];
}
static char *m2v(u32 m)
{
    u32 i;
    for (i = 0; i < si->nr_pages; i++)
        if (p2m[i] == m)
            return (char *)(0xC0000000u + (i << 12));
    return 0;
}
static pte_t *ptep(u32 va, u32 *maddr)
{
#ifdef PAE
    u64 *l3 = (u64 *)si->pt_base, *l2 = (u64 *)m2v((u32)(l3[va >> 30] >> 12));
    u64 e = l2[(va >> 21) & 511];
    u32 m = (u32)(e >> 12);
    if (maddr)
        *maddr = (m << 12) + ((va >> 12) & 511) * 8;
    return (pte_t *)m2v(m) + ((va >> 12) & 511);
#else
    u32 *l2 = (u32 *)si->pt_base, m = l2[va >> 22] >> 12;
    if (maddr)
        *maddr = (m << 12) + ((va >> 12) & 1023) * 4;
    return (pte_t *)m2v(m) + ((va >> 12) & 1023);
#endif
}
static int uvm(u32 va, u32 val, u32 flags)
{
#if ABI == 20
    return hc(14, va >> 12, val, flags, 0, 0);
#else
    return hc(14, va, val, 0, flags, 0);
#endif
}
#define MAP(p, fl) uvm((u32)(p), (mfn(p) << 12) | (fl), 2)
static u32 done;
static int mmu(struct mmu *r, u32 n, u32 dom)
{
    done = 0xd0d0d0d0;
    return hc(1, (u32)r, n, (u32)&done, dom, 0);
}
static u32 mc[4096] __attribute__((aligned(4096)));
static void ent(u32 *e, u32 op, u32 a, u32 b, u32 c, u32 d, u32 f)
{
    e[0] = op;
    e[RES] = 0xeeee0000 | op;
    e[ARG] = a;
    e[ARG + 1] = b;
    e[ARG + 2] = c;
    e[ARG + 3] = d;
    e[ARG + 4] = f;
    e[7] = 0xe7e7e7e7;
}
static void dumpmc(const char *n, int r, u32 *e)
{
    P("%s: rc=%d words %x %x %x %x %x %x %x %x", n, r, e[0], e[1], e[2], e[3], e[4], e[5], e[6], e[7]);
}
static u64 rdtsc(void)
{
    u32 a, d;
    asm volatile("rdtsc" : "=a"(a), "=d"(d));
    return ((u64)d << 32) | a;
}

static u64 systime(void)
{
#if ABI == 20
    return *(volatile u64 *)(shinfo + 288); /* renewed at every tick */
#else                                       /* renewed about once a second: add the TSC */
    u64 d = rdtsc() - *(volatile u64 *)(shinfo + 40);
    u32 mul = *(volatile u32 *)(shinfo + 56);
    signed char s = *(volatile signed char *)(shinfo + 60);
    if (s < 0)
        d >>= -s;
    else
        d <<= s;
    return *(volatile u64 *)(shinfo + 48) + (d >> 32) * mul + (((d & 0xffffffff) * mul) >> 32);
#endif
}
static void entry(void)
{
    u32 i, *w = (u32 *)si, cs, ds, ss, es, fs, gs;
    asm("mov %%cs,%0" : "=r"(cs));
    asm("mov %%ds,%0" : "=r"(ds));
    asm("mov %%ss,%0" : "=r"(ss));
    asm("mov %%es,%0" : "=r"(es));
    asm("mov %%fs,%0" : "=r"(fs));
    asm("mov %%gs,%0" : "=r"(gs));
    P("entry selectors: cs=%x ds=%x es=%x fs=%x gs=%x ss=%x", cs, ds, es, fs, gs, ss);
    P("entry regs: eax=%x ebx=%x ecx=%x edx=%x edi=%x ebp=%x", regs0[0], regs0[1], regs0[2], regs0[3],
      regs0[5], regs0[6]);
    P("entry eflags: %x", regs0[8]);
    P("entry esp: low12=%x esp-start_info=%d", regs0[7] & 0xfff, regs0[7] - regs0[4]);
    P("start_info - pt_base: %d  nr_pt=%d mfn_list=%x low12 esp-pt_base=%d", regs0[4] - si->pt_base,
      si->nr_pt, si->mfn_list & 0xfff, regs0[7] - si->pt_base);
    P("start_info: nr_pages=%d shared_info.low12=%x flags=%x mod_start=%x mod_len=%x cmd='%s'", si->nr_pages,
      si->shared_info & 0xfff, si->flags, si->mod_start, si->mod_len, si->cmd);
#if ABI == 20
    P("start_info: evtchn=%d pad words %x %x %x %x %x", si->evtchn, si->_0, si->_1, si->_3, si->_4, si->_5);
#else
    P("start_info: magic='%s' store=%x,%x cons=%x,%x", si->magic, si->store_mfn, si->store_ev, si->cons_mfn,
      si->cons_ev);
#endif
    i = 0;
    {
        u32 k;
        for (k = (sizeof *si) / 4; k < 1024; k++)
            if (w[k])
                i++;
    }
    P("start_info: nonzero words after struct: %d", i);
    P("hypercall page bytes: %x %x %x slot23: %x %x", *(u32 *)hypercall_page, *(u32 *)(hypercall_page + 4),
      *(u32 *)(hypercall_page + 8), *(u32 *)(hypercall_page + 23 * 32),
      *(u32 *)(hypercall_page + 23 * 32 + 4));
    P("boot pte flags: text=%x pt_base page=%x start_info=%x", (u32)*ptep((u32)_start, 0) & 0xfff,
      (u32)*ptep(si->pt_base, 0) & 0xfff, (u32)*ptep((u32)si, 0) & 0xfff);
#ifdef PAE
    P("boot top table: %x %x %x %x", (u32)((u64 *)si->pt_base)[0] & 0xfff,
      (u32)((u64 *)si->pt_base)[1] & 0xfff, (u32)((u64 *)si->pt_base)[2] & 0xfff,
      (u32)((u64 *)si->pt_base)[3] & 0xfff);
#else
    {
        u32 *l2 = (u32 *)si->pt_base, n = 0, hn = 0;
        for (i = 0; i < 1024; i++)
            if (l2[i] & 1) {
                if (i < 1008)
                    n++;
                else
                    hn++;
            }
        P("boot top table: guest slots present=%d Xen slots present=%d flags[768]=%x [1008]=%x [1009]=%x "
          "[1022]=%x [1023]=%x",
          n, hn, l2[768] & 0xfff, l2[1008] & 0xfff, l2[1009] & 0xfff, l2[1022] & 0xfff, l2[1023] & 0xfff);
    }
#endif
    P("m2p of own page ok: %d  m2p of shared_info frame: %x",
      ((u32 *)HV)[mfn(tpage)] == ((u32)tpage - 0xC0000000u) >> 12, ((u32 *)HV)[si->shared_info >> 12]);
}
static void shared(void)
{
    u32 i;
    for (i = 0; i < 1024; i++) {
        u32 v = ((u32 *)shinfo)[i];
        if (v) {
            if ((i & 1) &&
                ((ABI == 20 && i * 4 >= 264 && i * 4 < 296) || (ABI == 30 && i * 4 >= 36 && i * 4 < 56)))
                continue;
            if ((ABI == 20 && i * 4 >= 264 && i * 4 < 344) ||
                (ABI == 30 && ((i * 4 >= 32 && i * 4 < 64) || i * 4 >= 2304)))
                P("shared_info initial +%d: nonzero", i * 4);
            else
                P("shared_info initial +%d: %x", i * 4, v);
        }
    }
#if ABI == 30
    P("time: mul nonzero=%d shift=%d version=%x", *(u32 *)(shinfo + 56) != 0, *(signed char *)(shinfo + 60),
      *(u32 *)(shinfo + 32) & 1);
#else
    P("time: versions equal=%d cpu_freq>1e8=%d", *(u32 *)(shinfo + 272) == *(u32 *)(shinfo + 276),
      *(u64 *)(shinfo + 264) > 100000000);
#endif
}
static void numbers(void)
{
    static const u32 n[] = {11, 20, 23 + 100000, 24, 25, 26, 27, 28, 29, 30, 31, 32,         33,
                            38, 45, 48,          49, 50, 62, 63, 64, 65, 77, 81, 0x80000011, 0xffffffff};
    u32 i;
    for (i = 0; i < sizeof n / 4; i++) {
        u32 x = n[i] > 100000 ? 119 : n[i];
        if (x == 119)
            continue;
        P("hypercall %x args (0,0,0,0): rc=%d (0x%x)", x, hc(x, 0, 0, 0, 0, 0), hc(x, 0, 0, 0, 0, 0));
    }
    {
        u32 a, b = 0xb1, c = 0xc1, d = 0xd1, s = 0x51, t = 0x71, f0, f1;
        b = 0;
        asm volatile("pushf; pop %6; mov $17,%%eax; int $0x82; pushf; pop %7"
                     : "=a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(t), "=m"(f0), "=m"(f1)::"memory");
        P("regs after xen_version(0,c1,d1,51,71): ebx=%x ecx=%x edx=%x esi=%x edi=%x eflags same=%d", b, c, d,
          s, t, f0 == f1);
    }
}
static void multicall(void)
{
    int r;
    u32 i;
    for (i = 0; i < 8; i++)
        mc[i] = 0xe0e0e000 + i;
    mc[0] = 17;
    mc[1] = mc[2] = 0;
    r = hc(13, (u32)mc, 1, 0, 0, 0);
    dumpmc("multicall layout, xen_version, words 1,2 zero", r, mc);
    for (i = 0; i < 8; i++)
        mc[i] = 0xe0e0e000 + i;
    mc[0] = 17;
    mc[1] = 0;
    r = hc(13, (u32)mc, 1, 0, 0, 0);
    dumpmc("multicall layout, xen_version, word 1 zero", r, mc);
    ent(mc, 13, (u32)(mc + 64), 1, 0, 0, 0);
    ent(mc + 8, 17, 0, 0, 0, 0, 0);
    ent(mc + 64, 17, 0, 0, 0, 0, 0);
    r = hc(13, (u32)mc, 2, 0, 0, 0);
    dumpmc("multicall nested, outer entry 0", r, mc);
    P("multicall nested: entry 1 result %x, inner result word %x", mc[8 + RES], mc[64 + RES]);
    ent(mc, 31, 0, 0, 0, 0, 0);
    ent(mc + 8, 45, 0, 0, 0, 0, 0);
    ent(mc + 16, 49, 0, 0, 0, 0, 0);
    ent(mc + 24, 0x80000011, 0, 0, 0, 0, 0);
    ent(mc + 32, 17, 0, 0, 0, 0, 0);
    r = hc(13, (u32)mc, 5, 0, 0, 0);
    P("multicall ops 31,45,49,80000011,17: rc=%d results %x %x %x %x %x", r, mc[RES], mc[8 + RES],
      mc[16 + RES], mc[24 + RES], mc[32 + RES]);
    ent(mc, 13, 0, 0, 0, 0, 0);
    ent(mc + 8, 13, 0, 0, 0, 0, 0);
    r = hc(13, (u32)mc, 2, 0, 0, 0);
    P("multicall two nested empty: rc=%d results %x %x", r, mc[RES], mc[8 + RES]);
    P("multicall n=0: %d  n=0 bad ptr: %d  null ptr n=1: %d  null ptr n=0: %d", hc(13, (u32)mc, 0, 0, 0, 0),
      hc(13, 0xffffff00, 0, 0, 0, 0), hc(13, 0, 1, 0, 0, 0), hc(13, 0, 0, 0, 0, 0));
    ent(mc, 17, 0, 0, 0, 0, 0);
    r = hc(13, (u32)mc, 0x08000001, 0, 0, 0);
    P("multicall n=08000001 (n*32 wraps): rc=%d result %x", r, mc[RES]);
    ent(mc, 17, 0, 0, 0, 0, 0);
    r = hc(13, (u32)mc, 0x02000000, 0, 0, 0);
    P("multicall array reaching above Xen start: rc=%d result %x", r, mc[RES]);
    P("multicall list in m2p: %d  below start-32: %d", hc(13, HV, 1, 0, 0, 0), hc(13, HV - 32, 1, 0, 0, 0));
    /* unmapped second page: entries 126,127 in tpage, 128.. missing */
    {
        u32 *e = (u32 *)(tpage + 4096 - 64);
        uvm((u32)tpage2, 0, 2);
        ent(e, 17, 0, 0, 0, 0, 0);
        ent(e + 8, 31, 0, 0, 0, 0, 0);
        r = hc(13, (u32)e, 3, 0, 0, 0);
        P("multicall third entry unmapped: rc=%d results %x %x", r, e[RES], e[8 + RES]);
        e = (u32 *)(tpage + 4096 - 48);
        ent(e, 17, 0, 0, 0, 0, 0);
        for (i = 0; i < 4; i++)
            e[8 + i] = i == 0 ? 17 : 0;
        r = hc(13, (u32)e, 2, 0, 0, 0);
        P("multicall second entry half unmapped: rc=%d result0 %x", r, e[RES]);
        MAP(tpage2, 0x63);
        e = (u32 *)tpage;
        ent(e, 17, 0, 0, 0, 0, 0);
        ent(e + 8, 5, 1, 0, 0, 0, 0);
        MAP(tpage, 0x61);
        r = hc(13, (u32)e, 2, 0, 0, 0);
        asm volatile("smsw %0" : "=r"(i));
        P("multicall read-only list {version, fpu_taskswitch}: rc=%d word %x TS=%d", r, e[RES], (i >> 3) & 1);
        MAP(tpage, 0x63);
        ent(e, 5, 1, 0, 0, 0, 0);
        MAP(tpage, 0x61);
        r = hc(13, (u32)e, 1, 0, 0, 0);
        asm volatile("smsw %0" : "=r"(i));
        P("multicall read-only list {fpu_taskswitch}: rc=%d TS=%d", r, (i >> 3) & 1);
        MAP(tpage, 0x63);
    }
    P("multicall misaligned by 2: rc=%d",
      (ent((u32 *)((char *)mc + 2), 17, 0, 0, 0, 0, 0), hc(13, (u32)mc + 2, 1, 0, 0, 0)));
    ent(mc, 18, 0, 12, (u32) "P via mcall\n", 0, 0);
    r = hc(13, (u32)mc, 1, 0, 0, 0);
    P("multicall console_io: rc=%d result %x", r, mc[RES]);
}
static void memory(void)
{
    u32 m, ma, v;
    struct mmu q[4];
    pte_t *p = ptep((u32)tpage, &ma);
    u32 t = mfn(tpage) << 12, F = ABI == 20 ? 0 : 0x7ff0;
    u32 l1m = ma >> 12, topm = mfn((void *)si->pt_base);
    P("uvm rw->ro: %d pte.low=%x", uvm((u32)tpage, t | 0x61, 2), (u32)*p & 0xfff);
    P("uvm flags word 0 / 1 / 2 / 3: %d %d %d %d", uvm((u32)tpage, t | 0x63, 0), uvm((u32)tpage, t | 0x63, 1),
      uvm((u32)tpage, t | 0x63, 2), uvm((u32)tpage, t | 0x63, 3));
    P("uvm flags 4,5,6 (all vcpus / unknown): %d %d %d", uvm((u32)tpage, t | 0x63, 4),
      uvm((u32)tpage, t | 0x63, 5), uvm((u32)tpage, t | 0x63, 6));
    P("uvm flags pointer bad fff00001 / good ptr: %d %d", uvm((u32)tpage, t | 0x63, 0xfff00001),
      (mc[0] = 1, uvm((u32)tpage, t | 0x63, (u32)mc | 2)));
    P("uvm no L1 (va 40000000): %d", uvm(0x40000000, t | 0x63, 2));
    P("uvm va HV: %d  va ffffffff000: %d", uvm(HV, t | 0x63, 2), uvm(0xfffff000, t | 0x63, 2));
    P("uvm PSE/PAT 0x80: %d pte=%x", uvm((u32)tpage, t | 0xe3, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    P("uvm G 0x100: %d pte=%x", uvm((u32)tpage, t | 0x163, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    P("uvm PWT 0x8: %d pte=%x", uvm((u32)tpage, t | 0x6b, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    P("uvm PCD 0x10: %d pte=%x", uvm((u32)tpage, t | 0x73, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    P("uvm AVL 0xe00: %d pte=%x", uvm((u32)tpage, t | 0xe63, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    P("uvm US 0x4, D off: %d pte=%x", uvm((u32)tpage, t | 0x27, 2), (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    {
        static const u32 fl[] = {0x80, 0x100, 0x08, 0x10, 0x200, 0x18};
        u32 k;
        for (k = 0; k < 6; k++) {
            int r;
            uvm((u32)tpage, 0, 2);
            r = uvm((u32)tpage, t | 0x63 | fl[k], 2);
            P("uvm not-present -> present with flag %x: %d pte=%x", fl[k], r, (u32)*p & 0xfff);
        }
        MAP(tpage, 0x63);
    }
    P("uvm mapping an L1 table rw: %d  ro: %d", uvm((u32)tpage, (l1m << 12) | 0x63, 2),
      uvm((u32)tpage, (l1m << 12) | 0x61, 2));
    MAP(tpage, 0x63);
    P("uvm mapping top table rw: %d  ro: %d", uvm((u32)tpage, (topm << 12) | 0x63, 2),
      uvm((u32)tpage, (topm << 12) | 0x61, 2));
    MAP(tpage, 0x63);
    P("uvm mapping Xen frame 0x100: %d  frame 0: %d  frame 0xa0: %d frame 7ffff: %d",
      uvm((u32)tpage, 0x100063, 2), uvm((u32)tpage, 0x63, 2), uvm((u32)tpage, 0xa0063, 2),
      uvm((u32)tpage, 0x7ffff063, 2));
    MAP(tpage, 0x63);
    P("uvm not-present garbage 0xabcdef00: %d pte=%x", uvm((u32)tpage, 0xabcdef00, 2), (u32)*p);
    MAP(tpage, 0x63);
#if ABI == 20
    P("uvm with address instead of page number: %d", hc(14, (u32)tpage, t | 0x63, 2, 0, 0));
    P("uvm_otherdomain self(0): %d dom 7ff0: %d dom 5: %d", hc(22, (u32)tpage >> 12, t | 0x63, 2, 0, 0),
      hc(22, (u32)tpage >> 12, t | 0x63, 2, 0x7ff0, 0), hc(22, (u32)tpage >> 12, t | 0x63, 2, 5, 0));
#else
    P("uvm with page number: %d  unaligned va: %d", uvm((u32)tpage >> 12, t | 0x63, 2),
      uvm((u32)tpage + 0x123, t | 0x63, 2));
    P("uvm_otherdomain own id 0: %d dom 7ff0: %d dom 5: %d", hc(22, (u32)tpage, t | 0x63, 0, 2, 0),
      hc(22, (u32)tpage, t | 0x63, 0, 2, 0x7ff0), hc(22, (u32)tpage, t | 0x63, 0, 2, 5));
#endif
    q[0] = (struct mmu){ma, t | 0x61};
    P("mmu_update cmd 0 pte: rc=%d done=%x pte=%x", mmu(q, 1, F), done, (u32)*p & 0xfff);
    q[0] = (struct mmu){ma, t | 0x63};
    mmu(q, 1, F);
    *(u32 *)tpage = 0;
    *(u32 *)(tpage + 4) = 0x44444444;
    q[0] = (struct mmu){t, 0x12345678};
    P("mmu_update to ordinary RAM: rc=%d word=%x next=%x", mmu(q, 1, F), *(u32 *)tpage, *(u32 *)(tpage + 4));
    {
        u32 k;
        for (k = 1; k < 8; k++) {
            q[0] = (struct mmu){t | k, ((u32)tpage - 0xC0000000u) >> 12};
            m = mmu(q, 1, F);
            P("mmu_update low bits %d (ptr RAM, val pfn): rc=%d done=%x", k, m, done);
        }
    }
    q[0] = (struct mmu){t | (ABI == 20 ? 2 : 1), 0x777};
    m = mmu(q, 1, F);
    P("mmu_update machphys: rc=%d m2p=%x", m, ((u32 *)HV)[t >> 12]);
    q[0].val = ((u32)tpage - 0xC0000000u) >> 12;
    mmu(q, 1, F);
    q[0] = (struct mmu){(si->shared_info & ~0xfff) | (ABI == 20 ? 2 : 1), 0x777};
    P("mmu_update machphys of the shared_info frame: rc=%d", mmu(q, 1, F));
    q[0] = (struct mmu){0x100000, 0};
    P("mmu_update ptr in Xen RAM: rc=%d done=%x", mmu(q, 1, F), done);
    q[0] = (struct mmu){0x7ffff000, 0};
    P("mmu_update ptr beyond RAM: rc=%d done=%x", mmu(q, 1, F), done);
    q[0] = (struct mmu){ma, t | 0x61};
    q[1] = (struct mmu){0x100000, 0};
    q[2] = (struct mmu){ma, t | 0x63};
    v = mmu(q, 3, F);
    P("mmu_update good,bad,good: rc=%d done=%x pte=%x", v, done, (u32)*p & 0xfff);
    MAP(tpage, 0x63);
    q[0] = (struct mmu){ma, t | 0x163};
    P("mmu_update illegal pte (G): rc=%d done=%x", mmu(q, 1, F), done);
    MAP(tpage, 0x63);
    q[0] = (struct mmu){ma, (l1m << 12) | 0x63};
    P("mmu_update rw map of L1: rc=%d", mmu(q, 1, F));
    q[0] = (struct mmu){(topm << 12) + (sizeof(pte_t) == 4 ? 1008 * 4 : 24), 0};
    P("mmu_update top table Xen slot (PAE: slot 3) := 0: rc=%d", mmu(q, 1, F));
    q[0] = (struct mmu){(topm << 12) + (sizeof(pte_t) == 4 ? 16 * 4 : 0), t | 0x63};
    P("mmu_update top slot -> rw-mapped page: rc=%d", mmu(q, 1, F));
    q[0] = (struct mmu){(topm << 12) + (sizeof(pte_t) == 4 ? 16 * 4 : 0), (topm << 12) | 0x63};
    P("mmu_update top slot -> itself rw: rc=%d", mmu(q, 1, F));
#ifndef PAE
    q[0] = (struct mmu){(topm << 12) + 16 * 4, (topm << 12) | 0x61};
    P("mmu_update top slot -> itself ro (linear pt): rc=%d", mmu(q, 1, F));
    q[0].val = 0;
    mmu(q, 1, F);
    q[0] = (struct mmu){(topm << 12) + 16 * 4, (l1m << 12) | 0x67};
    P("mmu_update second slot for the same L1: rc=%d", mmu(q, 1, F));
    q[0].val = 0;
    P("  and back to 0: rc=%d", mmu(q, 1, F));
#endif
    q[0] = (struct mmu){ma, t | 0x63};
    P("mmu_update n=0: %d done=%x", mmu(q, 0, F), done);
    P("mmu_update null pdone: %d  bad pdone: %d", hc(1, (u32)q, 1, 0, F, 0),
      hc(1, (u32)q, 1, 0xfffff000, F, 0));
    P("mmu_update bad reqs HV: %d done=%x", hc(1, HV, 1, (u32)&done, F, 0), done);
    P("mmu_update null reqs: %d done=%x", (done = 0xd0d0d0d0, hc(1, 0, 1, (u32)&done, F, 0)), done);
    P("mmu_update n=10000: %d  n=20000000: %d  n=80000000: %d", mmu(q, 0x10000, F), mmu(q, 0x20000000, F),
      mmu(q, 0x80000000, F));
#if ABI == 30
    P("mmu_update foreigndom 0 (own id): %d  5: %d  7ff1: %d 7ff2: %d ffff: %d", mmu(q, 1, 0), mmu(q, 1, 5),
      mmu(q, 1, 0x7ff1), mmu(q, 1, 0x7ff2), mmu(q, 1, 0xffff));
    {
        u32 c;
        for (c = 0; c < 22; c++)
            if (c != 5 && c != 14 && c != 16 && c != 17 && c != 8 && c != 9 && c != 13) {
                u32 op[3] = {c, 0, 0};
                if (c < 4)
                    op[1] = 0x7ffff;
                if (c == 4)
                    op[1] = 0x100;
                done = 0xd0d0d0d0;
                P("mmuext_op %d (arg1=%x): rc=%d done=%x", c, op[1], hc(26, (u32)op, 1, (u32)&done, F, 0),
                  done);
            }
    }
    {
        u32 op[3] = {0, topm, 0};
        P("mmuext pin L1 of top: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = sizeof(pte_t) == 4 ? 1 : 2;
        P("mmuext pin top again: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = 0;
        op[1] = t >> 12;
        P("mmuext pin rw-mapped page as L1: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = 4;
        P("mmuext unpin not pinned: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = 13;
        op[1] = 0;
        op[2] = 0;
        P("mmuext set_ldt 0,0: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[1] = (u32)tpage + 8;
        op[2] = 1;
        P("mmuext set_ldt unaligned: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[1] = (u32)tpage;
        op[2] = 8193;
        P("mmuext set_ldt 8193: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = 5;
        op[1] = topm;
        P("mmuext new_baseptr same: %d", hc(26, (u32)op, 1, 0, F, 0));
        op[0] = 6;
        P("mmuext flush, foreigndom 0: %d 5: %d 7ff1: %d", hc(26, (u32)op, 1, 0, 0, 0),
          hc(26, (u32)op, 1, 0, 5, 0), hc(26, (u32)op, 1, 0, 0x7ff1, 0));
        P("mmuext n=0: %d null ptr: %d", hc(26, (u32)op, 0, 0, F, 0), hc(26, 0, 1, 0, F, 0));
    }
#else
    {
        u32 c;
        for (c = 0; c < 16; c++)
            if (c != 5 && c != 12 && c != 13) {
                q[0] = (struct mmu){(c < 4 ? 0x7ffff000 : c == 7 ? (u32)tpage : 0) | 3, c};
                P("mmu_update ext cmd %d: rc=%d done=%x", c, mmu(q, 1, 0), done);
            }
        q[0] = (struct mmu){3, 200};
        P("mmu_update ext cmd 200: rc=%d", mmu(q, 1, 0));
        q[0] = (struct mmu){(topm << 12) | 3, 1};
        P("ext pin top again: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){(topm << 12) | 3, 0};
        P("ext pin top as L1: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){t | 3, 0};
        P("ext pin rw-mapped page as L1: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){t | 3, 4};
        P("ext unpin not pinned: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){(topm << 12) | 3, 5};
        P("ext new_baseptr same: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){0x7ffff000 | 3, 5};
        P("ext new_baseptr bad: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){(u32)tpage | 3, 9 | (1 << 8)};
        P("ext set_ldt 1 entry: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){3, 9};
        P("ext set_ldt none: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){((u32)tpage + 8) | 3, 9 | (1 << 8)};
        P("ext set_ldt unaligned: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){(u32)tpage | 3, 9 | (8193 << 8)};
        P("ext set_ldt 8193: %d", mmu(q, 1, 0));
        q[0] = (struct mmu){3, 9};
        mmu(q, 1, 0);
        q[0] = (struct mmu){(5u << 16) | 3, 10 | 0};
        P("ext set_foreigndom form A: %d", mmu(q, 1, 0));
    }
#endif
}
static void misc(void)
{
    u32 i, j;
    static u32 ev[16];
    u64 t0, t1;
    int r;
    for (i = 0; i < 8; i++) {
        u32 ty = i < 6 ? i : i == 6 ? 31 : 0xffffffff;
        P("vm_assist type %x: cmd0=%d cmd1=%d cmd2=%d", ty, ty == 2 ? 0 : hc(21, 0, ty, 0, 0, 0),
          hc(21, 1, ty, 0, 0, 0), hc(21, 2, ty, 0, 0, 0));
    }
    for (i = 0; i < 12; i++) {
        for (j = 0; j < 1024; j++)
            mc[j] = 0;
        r = hc(17, i, (u32)mc, 0, 0, 0);
        if (i < 5)
            P("xen_version %d: rc=%d", i, r);
        else
            P("xen_version %d: rc=%d out %x %x %x", i, r, mc[0], mc[1], mc[2]);
    }
    for (j = 0; j < 300; j++)
        mc[j] = 0;
    if (hc(17, 3, (u32)mc, 0, 0, 0) == 0)
        P("xen_version 3 string '%s'", (char *)mc);
    mc[0] = 0;
    if (hc(17, 1, (u32)mc, 0, 0, 0) == 0)
        P("xen_version 1 string '%s'", (char *)mc);
    P("xen_version 1 bad ptr: %d  3 ptr HV: %d 7 arg null: %d 7 arg ptr: %d", hc(17, 1, 0x1000, 0, 0, 0),
      hc(17, 3, HV, 0, 0, 0), hc(17, 7, 0, 0, 0, 0), hc(17, 7, (u32)mc, 0, 0, 0));
    r = hc(18, 0, 7, (u32) "P cons\n", 0, 0);
    P("console_io write 7: %d  count 0: %d  bad ptr: %d  ptr HV: %d cmd 2: %d read 4: %d", r,
      hc(18, 0, 0, (u32)mc, 0, 0), hc(18, 0, 4, 0x1000, 0, 0), hc(18, 0, 4, HV, 0, 0),
      hc(18, 2, 4, (u32)mc, 0, 0), hc(18, 1, 4, (u32)mc, 0, 0));
    for (j = 0; j < 4096; j++)
        ((char *)mc)[j] = 0;
    P("console_io write 5000 NULs: %d", hc(18, 0, 5000, (u32)mc, 0, 0));
    P("stack_switch rpl0: %d rpl3: %d rpl1 other: %d null: %d ok: %d", hc(3, 0x810, (u32)kstack_top, 0, 0, 0),
      hc(3, UDS, (u32)kstack_top, 0, 0, 0), hc(3, 0x11, (u32)kstack_top, 0, 0, 0),
      hc(3, 0, (u32)kstack_top, 0, 0, 0), hc(3, KDS, (u32)kstack_top, 0, 0, 0));
    P("set_callbacks cs rpl0: %d rpl3: %d null: %d rpl1 other: %d ok: %d",
      hc(4, 0x808, (u32)cb_stub, KCS, (u32)fs_stub, 0), hc(4, UCS, (u32)cb_stub, KCS, (u32)fs_stub, 0),
      hc(4, 0, (u32)cb_stub, KCS, (u32)fs_stub, 0), hc(4, 0x11, (u32)cb_stub, KCS, (u32)fs_stub, 0),
      hc(4, KCS, (u32)cb_stub, KCS, (u32)fs_stub, 0));
    {
        u32 tt[4] = {0x81 | (3 << 8) | (0x808u << 16), (u32)stubs, 0, 0};
        P("set_trap_table cs rpl0: %d", hc(0, (u32)tt, 0, 0, 0, 0));
        tt[0] = 0x81 | (UCS << 16);
        P("set_trap_table cs rpl3: %d", hc(0, (u32)tt, 0, 0, 0, 0));
        tt[0] = 0x81 | (0x11 << 16);
        P("set_trap_table cs 0x11: %d", hc(0, (u32)tt, 0, 0, 0, 0));
        tt[0] = 0x81;
        P("set_trap_table cs 0: %d", hc(0, (u32)tt, 0, 0, 0, 0));
        P("set_trap_table bad ptr: %d HV: %d", hc(0, 0x1000, 0, 0, 0, 0), hc(0, HV, 0, 0, 0, 0));
    }
    for (i = 0; i < 9; i++)
        P("get_debugreg %d: %x  set 0: %d", i, hc(9, i, 0, 0, 0, 0),
          (i == 6 || i == 7) ? 0 : hc(8, i, 0, 0, 0, 0));
    P("set_debugreg 0=HV: %d 0=fffff000: %d 7=0x400: %d 7=GD: %d 7=io: %d 7=len2: %d 6=0: %d",
      hc(8, 0, HV, 0, 0, 0), hc(8, 0, 0xfffff000, 0, 0, 0), hc(8, 7, 0x400, 0, 0, 0),
      hc(8, 7, 0x2400, 0, 0, 0), hc(8, 7, 0x20401, 0, 0, 0), hc(8, 7, 0x80401, 0, 0, 0),
      hc(8, 6, 0, 0, 0, 0));
    P("get_debugreg after: 6=%x 7=%x", hc(9, 6, 0, 0, 0, 0), hc(9, 7, 0, 0, 0, 0));
    hc(8, 7, 0, 0, 0, 0);
    hc(8, 0, 0, 0, 0, 0);
    {
        u32 g[2];
        g[0] = mfn(tpage);
        P("set_gdt rw page,512: %d", hc(2, (u32)g, 512, 0, 0, 0));
        for (j = 0; j < 1024; j++)
            ((u32 *)tpage)[j] = 0;
        ((u32 *)tpage)[2 * 257] = 0x11111111;
        ((u32 *)tpage)[0] = 0x0000ffff;
        ((u32 *)tpage)[1] = 0x00cf9200; /* DPL 0 data: not used */
        ((u32 *)tpage)[1] = 0;
        MAP(tpage, 0x61);
        P("set_gdt 0: %d 1: %d 295: %d 296: %d 8192 (1 frame valid): skip 8193: %d 7169: %d",
          hc(2, (u32)g, 0, 0, 0, 0), hc(2, (u32)g, 1, 0, 0, 0), hc(2, (u32)g, 295, 0, 0, 0),
          hc(2, (u32)g, 296, 0, 0, 0), hc(2, (u32)g, 8193, 0, 0, 0), hc(2, (u32)g, 7169, 0, 0, 0));
        r = hc(2, (u32)g, 512, 0, 0, 0);
        P("set_gdt ro page,512: %d", r);
        P("gdt page entries 259..262 low high: %x %x  %x %x  %x %x  %x %x", ((u32 *)tpage)[518],
          ((u32 *)tpage)[519], ((u32 *)tpage)[520], ((u32 *)tpage)[521], ((u32 *)tpage)[522],
          ((u32 *)tpage)[523], ((u32 *)tpage)[524], ((u32 *)tpage)[525]);
        P("gdt page entry 296 (first after Xen's) untouched: %d, entry 2 and 257 changed by Xen: %d %d",
          ((u32 *)tpage)[592] == 0, ((u32 *)tpage)[4] != 0, ((u32 *)tpage)[514] != 0x11111111);
        g[1] = 0;
        P("set_gdt bad ptr: %d  bad frame: %d", hc(2, 0x1000, 512, 0, 0, 0),
          (g[0] = 0x7ffff, hc(2, (u32)g, 512, 0, 0, 0)));
        {
            extern void i_ldfs(void);
            u32 d = mfn(tpage) << 12;
#if ABI == 20
#define UD(off, lo, hi) hc(10, d + (off), lo, hi, 0, 0)
#else
#define UD(off, lo, hi) hc(10, d + (off), 0, lo, hi, 0)
#endif
            P("update_descriptor dpl1 flat 4G: %d", UD(8, 0xffff, 0xcfb200));
            P("  stored: %x %x", ((u32 *)tpage)[2], ((u32 *)tpage)[3]);
            P("update_descriptor dpl0: %d stored %x", UD(16, 0xffff, 0xcf9200), ((u32 *)tpage)[5]);
            P("update_descriptor dpl3 64K G=0: %d stored %x", UD(24, 0xffff, 0x40f200), ((u32 *)tpage)[7]);
            P("update_descriptor base HV: %d",
              UD(32, 0x0000ffff, (HV & 0xff000000) | 0xcfb200 | ((HV >> 16) & 0xff)));
            P("update_descriptor call gate dpl1: %d", UD(40, ((u32)KCS << 16), 0xac00));
            P("update_descriptor tss: %d ldt: %d intgate: %d", UD(40, 0xffff, 0x8900), UD(40, 0xffff, 0x8200),
              UD(40, 0xffff, 0x8e00));
            P("update_descriptor misaligned: %d beyond: %d  into plain page: %d", UD(12, 0, 0),
              (d = 0x7ffff000, UD(8, 0, 0)), (d = mfn(tpage2) << 12, UD(8, 0xffff, 0xcfb200)));
            d = mfn(tpage) << 12;
            P("gdt: load fs sel 9: vec=%d", tryf(i_ldfs, 9));
            P("gdt: load fs sel 0x19: vec=%d", tryf(i_ldfs, 0x1b));
            IA(ldfs, 0x55, "gdt: load fs empty sel 0x55");
            IA(ldfs, KDS, "gdt: load fs KDS");
            IA(ldfs, UDS, "gdt: load fs UDS");
            IA(ldfs, KDS & ~3, "gdt: load fs KDS rpl0");
            IA(ldfs, 0x811, "gdt: load fs 0x811");
            /* failsafe: make the loaded selector vanish, then enter Xen */
            {
                extern void i_fsgone(void);
                int v;
                setmask(0);
                asm volatile("mov %0,%%gs" ::"r"(UDS));
                cur_fn = (u32)i_fsgone;
                mode = 0;
                v = try(i_fsgone, d + 8);
                P("selector gone while in Xen: vec=%d mask=%d words: %w %w %w %w %w %w %w %w", v, fr_mask,
                  fr[0], fr[1], fr[2], fr[3], fr[4], fr[5], fr[6], fr[7]);
                {
                    u32 f_;
                    asm volatile("mov %%fs,%0" : "=r"(f_));
                    P("  in the failsafe handler ds=%x es=%x fs=%x gs=%x eax=%x", segs[0] & 0xffff,
                      segs[1] & 0xffff, segs[2] & 0xffff, segs[3] & 0xffff, fr_regs[7]);
                }
                setmask(1);
                cur_fn = 0;
            }
            asm volatile("mov %0,%%fs" ::"r"(KDS));
        }
    }
    /* event channels */
#define EV(nr_, ...)                                                                                         \
    do {                                                                                                     \
        u32 a_[] = {__VA_ARGS__};                                                                            \
        for (j = 0; j < 16; j++)                                                                             \
            ev[j] = 0xeeee0000 + j;                                                                          \
        for (j = 0; j < sizeof a_ / 4; j++)                                                                  \
            ev[j] = a_[j];                                                                                   \
        r = hc(16, (u32)ev, 0, 0, 0, 0);                                                                     \
        P("evtchn %s: rc=%d words %x %x %x %x %x %x %x %x", nr_, r, ev[0], ev[1], ev[2], ev[3], ev[4],       \
          ev[5], ev[6], ev[7]);                                                                              \
    } while (0)
#if ABI == 20
    EV("bind_virq DEBUG(2)", 1, 0xaaaa, 2, 0xbbbb);
    i = ev[3];
    EV("bind_virq DEBUG again", 1, 0, 2, 0xbbbb);
    EV("bind_virq TIMER", 1, 0, 1, 0xbbbb);
    EV("bind_virq 7", 1, 0, 7, 0);
    EV("bind_virq 6", 1, 0, 6, 0);
    EV("bind_virq MISDIRECT 0", 1, 0, 0, 0);
    EV("status debug", 5, 0, 0x7ff0, i);
    EV("status debug dom 0", 5, 0, 0, i);
    EV("status port 0", 5, 0, 0x7ff0, 0);
    EV("status port 1", 5, 0, 0x7ff0, 1);
    EV("status free 100", 5, 0, 0x7ff0, 100);
    EV("status 1024", 5, 0, 0x7ff0, 1024);
    EV("status 5000", 5, 0, 0x7ff0, 5000);
    EV("status dom 9", 5, 0, 9, 1);
    EV("alloc_unbound dom 0", 6, 0, 0, 0xbbbb);
    j = ev[3];
    {
        u32 up = j;
        EV("status unbound", 5, 0, 0x7ff0, up);
        EV("send unbound", 4, 0, up);
        EV("alloc_unbound dom 7ff0", 6, 0, 0x7ff0, 0xbbbb);
        EV("alloc_unbound dom 9", 6, 0, 9, 0xbbbb);
        EV("bind_interdomain self/self 0,0", 0, 0, 0x7ff00000 | 0x7ff0, 0, 0);
        EV("bind_interdomain dom1 9", 0, 0, 0x7ff00009, 0, 0);
        EV("close unbound", 3, 0, 0x7ff0, up);
        EV("close again", 3, 0, 0x7ff0, up);
    }
    EV("send to virq port", 4, 0, i);
    EV("send port 0", 4, 0, 0);
    EV("send 1024", 4, 0, 1024);
    EV("close debug", 3, 0, 0x7ff0, i);
    EV("close port 0", 3, 0, 0x7ff0, 0);
    EV("close 1024", 3, 0, 0x7ff0, 1024);
    EV("bind_pirq 200", 2, 0, 200, 0, 0);
    EV("bind_pirq 14", 2, 0, 14, 0, 0);
    EV("bind_ipi cmd 7", 7, 0, 0, 0);
    EV("cmd 8", 8, 0, 0, 0);
    EV("cmd 9", 9, 0, 0);
    EV("cmd 99", 99, 0, 0, 0);
#else
    EV("bind_virq DEBUG(1)", 1, 1, 0, 0xbbbb);
    i = ev[3];
    EV("bind_virq DEBUG again", 1, 1, 0, 0xbbbb);
    EV("bind_virq TIMER", 1, 0, 0, 0xbbbb);
    EV("bind_virq 7 (3.0.0: NR)", 1, 7, 0, 0);
    EV("bind_virq 24", 1, 24, 0, 0);
    EV("bind_virq vcpu 1", 1, 3, 1, 0);
    EV("bind_virq vcpu 99", 1, 3, 99, 0);
    EV("status debug", 5, 0x7ff0, i);
    EV("status debug dom 0", 5, 0, i);
    EV("status port 0", 5, 0x7ff0, 0);
    EV("status port 1", 5, 0x7ff0, 1);
    EV("status free 100", 5, 0x7ff0, 100);
    EV("status 1024", 5, 0x7ff0, 1024);
    EV("status dom 9", 5, 9, 1);
    EV("alloc_unbound self,0", 6, 0x7ff0, 0xbbbb);
    {
        u32 up = ev[2], p2;
        EV("status unbound", 5, 0x7ff0, up);
        EV("send unbound", 4, up);
        EV("alloc_unbound self,self", 6, 0x7ff07ff0, 0xbbbb);
        p2 = ev[2];
        EV("bind_interdomain self,p2", 0, 0x7ff0, p2, 0xbbbb);
        EV("status local of the pair", 5, 0x7ff0, ev[3]);
        EV("status remote of the pair", 5, 0x7ff0, p2);
        P("pending word 0 after bind: %x sel %x upcall_pending %x", *(u32 *)(shinfo + 2048),
          *(u32 *)(shinfo + 4), shi()[0]);
        EV("bind_interdomain bad port", 0, 0x7ff0, 900, 0);
        EV("bind_interdomain dom 9", 0, 9, 1, 0);
        EV("alloc_unbound dom 9", 6, 9, 0xbbbb);
        EV("close unbound", 3, up);
        EV("close again", 3, up);
        EV("close p2", 3, p2);
    }
    EV("send to virq port", 4, i);
    EV("send port 0", 4, 0);
    EV("send 1024", 4, 1024);
    EV("close debug", 3, i);
    EV("close port 0", 3, 0);
    EV("close 1024", 3, 1024);
    EV("bind_pirq 200", 2, 200, 0, 0);
    EV("bind_pirq 14", 2, 14, 0, 0);
    EV("bind_ipi 0", 7, 0, 0);
    EV("bind_ipi 1", 7, 1, 0);
    EV("bind_vcpu 900", 8, 900, 0);
    EV("unmask 900", 9, 900);
    EV("unmask 1024", 9, 1024);
    EV("reset dom 9", 10, 9);
    EV("cmd 11", 11, 0, 0, 0);
    EV("cmd 99", 99, 0, 0, 0);
    {
        u32 a[3] = {1, 0, 0xbbbb};
        P("new evtchn (32) bind_virq: rc=%d words %x %x %x", hc(32, 1, (u32)a, 0, 0, 0), a[0], a[1], a[2]);
        a[0] = 9;
        P("new evtchn (32) unmask 9: %d bad ptr: %d cmd 99: %d", hc(32, 9, (u32)a, 0, 0, 0),
          hc(32, 9, 0x1000, 0, 0, 0), hc(32, 99, 0x1000, 0, 0, 0));
    }
#endif
    P("evtchn bad ptr: %d HV: %d", hc(16, 0x1000, 0, 0, 0, 0), hc(16, HV, 0, 0, 0, 0));
    for (j = 0; j < 16; j++)
        ev[j] = 0xeeee0000 + j;
    ev[0] = 99;
    r = hc(19, (u32)ev, 0, 0, 0, 0);
    P("physdev_op 99: rc=%d words %x %x %x %x", r, ev[0], ev[1], ev[2], ev[3]);
    for (i = 4; i < 13; i++)
        if (i < 6 || i > 8) {
            for (j = 0; j < 16; j++)
                ev[j] = 0;
            ev[0] = i;
            r = hc(19, (u32)ev, 0, 0, 0, 0);
            P("physdev_op %d zero args: rc=%d words %x %x %x %x", i, r, ev[1], ev[2], ev[3], ev[4]);
        }
    P("grant_table_op 0,ptr,1: %d  count 0: %d count 513: %d cmd 99: %d bad ptr: %d",
      hc(20, 2, (u32)mc, 1, 0, 0), hc(20, 0, (u32)mc, 0, 0, 0), hc(20, 0, (u32)mc, 513, 0, 0),
      hc(20, 99, (u32)mc, 1, 0, 0), hc(20, 0, 0x1000, 1, 0, 0));
    for (j = 0; j < 32; j++)
        mc[j] = 0;
    P("dom0_op zero struct: %d  bad ptr: %d", hc(7, (u32)mc, 0, 0, 0, 0), hc(7, 0x1000, 0, 0, 0, 0));
#if ABI == 20
    {
        u32 l[2] = {0, 0};
        P("dom_mem_op op 9: %d incr 0 extents: %d incr bad ptr 1: %d incr order 1: %d dom 5: %d nr 10000000: "
          "%d decr bad mfn: %d",
          hc(12, 9, (u32)l, 1, 0, 0x7ff0), hc(12, 0, (u32)l, 0, 0, 0x7ff0), hc(12, 0, 0x1000, 1, 0, 0x7ff0),
          0, hc(12, 0, (u32)l, 1, 0, 5), hc(12, 0, (u32)l, 0x10000000, 0, 0x7ff0),
          (l[0] = 0x7ffff, hc(12, 1, (u32)l, 1, 0, 0x7ff0)));
        {
            int a_ = hc(12, 1, (u32)(l[0] = mfn(tpage2 + 0x100000), l), 1, 0, 0x7ff0);
            P("dom_mem_op decr own spare page: %d", a_);
            a_ = hc(12, 0, (u32)l, 1, 0, 0x7ff0);
            P("dom_mem_op incr: %d got m2p=%x", a_, ((u32 *)HV)[l[0]]);
        }
    }
#else
    for (i = 0; i < 16; i++)
        if (i != 5 && i != 11) {
            for (j = 0; j < 16; j++)
                ev[j] = 0;
            ev[4] = 0x7ff0;
            if (i == 3 || i == 4 || i == 14)
                ev[0] = 0x7ff0;
            r = hc(12, i, (u32)ev, 0, 0, 0);
            P("memory_op %d zero args self: rc=%d words %x %x %x", i, r, ev[0], ev[1], ev[2]);
        }
    P("memory_op 99: %d 1 bad ptr: %d 0 bad ptr: %d 6 bad ptr: %d", hc(12, 99, (u32)ev, 0, 0, 0),
      hc(12, 1, 0x1000, 0, 0, 0), hc(12, 0, 0x1000, 0, 0, 0), hc(12, 6, 0x1000, 0, 0, 0));
    {
        u32 l[1];
        u32 rs[5] = {(u32)l, 1, 0, 0, 0x7ff0};
        l[0] = 0x7ffff;
        P("memory_op decrease bad mfn: %d", hc(12, 1, (u32)rs, 0, 0, 0));
        l[0] = mfn(tpage2 + 0x100000);
        P("memory_op decrease spare page: %d", hc(12, 1, (u32)rs, 0, 0, 0));
        P("memory_op increase: %d m2p=%x", hc(12, 0, (u32)rs, 0, 0, 0), ((u32 *)HV)[l[0]]);
        rs[4] = 5;
        P("memory_op increase dom 5: %d", hc(12, 0, (u32)rs, 0, 0, 0));
        rs[4] = 0x7ff0;
        rs[0] = 0x1000;
        P("memory_op increase bad list: %d", hc(12, 0, (u32)rs, 0, 0, 0));
    }
    P("vcpu_op up self: %d is_up: %d vcpu 1 up: %d vcpu 99: %d cmd 99: %d init bad ptr: %d",
      hc(24, 1, 0, 0, 0, 0), hc(24, 3, 0, 0, 0, 0), hc(24, 1, 1, 0, 0, 0), hc(24, 3, 99, 0, 0, 0),
      hc(24, 99, 0, 0, 0, 0), hc(24, 0, 1, 0x1000, 0, 0));
    for (j = 0; j < 16; j++)
        ev[j] = 0;
    P("vcpu_op get_runstate: %d words %x %x", hc(24, 4, 0, (u32)ev, 0, 0), ev[0], ev[1] != 0);
#endif
    for (i = 0; i < 7; i++)
        if (i != 1 && i != 2)
            P("sched_op(6) cmd %d,0: %d", i, hc(6, i, 0, 0, 0, 0));
#if ABI == 30
    for (i = 0; i < 9; i++)
        if (i != 1 && i != 2 && i != 5) {
            for (j = 0; j < 16; j++)
                ev[j] = 0;
            if (i == 3)
                ev[2] = 1;
            if (i == 4)
                ev[0] = 9;
            P("sched_op(29) cmd %d zero arg: %d bad ptr: %d", i, hc(29, i, (u32)ev, 0, 0, 0),
              hc(29, i, 0x1000, 0, 0, 0));
        }
    for (i = 0; i < 9; i++) {
        for (j = 0; j < 16; j++)
            ev[j] = 0;
        ev[0] = i;
        ev[1] = KCS;
        ev[2] = (u32)(i == 0 ? cb_stub : fs_stub);
        P("callback_op register type %d: %d unregister: %d", i, hc(30, 0, (u32)ev, 0, 0, 0),
          i == 0 ? 0 : hc(30, 1, (u32)ev, 0, 0, 0));
    }
    P("callback_op cmd 2: %d bad ptr: %d", hc(30, 2, (u32)ev, 0, 0, 0), hc(30, 0, 0x1000, 0, 0, 0));
    hc(4, KCS, (u32)cb_stub, KCS, (u32)fs_stub, 0);
#endif
}
static void timer(void)
{
    u64 t0, t1, t;
    int r;
    static u32 ev[8];
#if ABI == 20
    ev[0] = 1;
    ev[2] = VIRQ_TIMER;
#else
    ev[0] = 1;
    ev[1] = VIRQ_TIMER;
#endif
    r = hc(16, (u32)ev, 0, 0, 0, 0);
    P("timer bind: rc=%d", r);
    {
        u32 k;
        volatile u32 *msk = (u32 *)(shinfo + (ABI == 20 ? 136 : 2176));
        P("evtchn mask word 0 initially %x word1 %x", msk[0], msk[1]);
        for (k = 0; k < 32; k++)
            msk[k] = 0;
    }
    {
        u32 k;
        for (k = 0; k < 32; k++)
            *(u32 *)(shinfo + (ABI == 20 ? 4 : 2048) + 4 * k) = 0;
        *(u32 *)(shinfo + (ABI == 20 ? 132 : 4)) = 0;
        shi()[0] = 0;
    }
    mode = 1;
    skip = 0;
    hits = 0;
    setmask(1);
    {
        volatile u32 k;
        u64 s = rdtsc();
        while (rdtsc() - s < 100000000ull)
            ;
    }
    P("after spinning with mask=1: upcall pending=%d sel=%x pend0=%x", shi()[0],
      *(u32 *)(shinfo + (ABI == 20 ? 132 : 4)), *(u32 *)(shinfo + (ABI == 20 ? 4 : 2048)));
    {
        u32 k;
        for (k = 0; k < 32; k++)
            *(u32 *)(shinfo + (ABI == 20 ? 4 : 2048) + 4 * k) = 0;
        *(u32 *)(shinfo + (ABI == 20 ? 132 : 4)) = 0;
        shi()[0] = 0;
    }
    hc(17, 0, 0, 0, 0, 0);
    t0 = systime();
    {
        u64 s = rdtsc();
        while (rdtsc() - s < 400000000ull && !shi()[0])
            ;
    }
    t0 = systime();
    {
        u32 k;
        for (k = 0; k < 32; k++)
            *(u32 *)(shinfo + (ABI == 20 ? 4 : 2048) + 4 * k) = 0;
        *(u32 *)(shinfo + (ABI == 20 ? 132 : 4)) = 0;
        shi()[0] = 0;
    }
    t = t0 + 300000000ull;
#if ABI == 20
    r = hc(15, (u32)(t >> 32), (u32)t, 0, 0, 0);
#else
    r = hc(15, (u32)t, (u32)(t >> 32), 0, 0, 0);
#endif
    hits = 0;
    mode = 1;
    {
        int rb = hc(6, 1, 0, 0, 0, 0);
        t1 = systime();
        P("set_timer_op %s rc=%d; block rc=%d upcalls=%d; woke after 250..400ms: %d; mask after=%d pend=%d",
          ABI == 20 ? "(hi,lo)" : "(lo,hi)", r, rb, hits, t1 - t0 > 250000000ull && t1 - t0 < 400000000ull,
          fr_mask, fr_pend);
        P("  elapsed ms (not exact) %d", (u32)((u32)(t1 - t0) / 1000000));
    }
    setmask(1);
    shi()[0] = 0;
    cur_fn = 0;
}
static void traps(void)
{
    static u32 tt[2 * 260];
    u32 i, n = 0;
    u32 m;
    for (i = 0; i < 256; i++)
        if (i != 0x82) {
            tt[2 * n] = i |
                        ((i == 0x90 || i == 0x92            ? 1
                          : i == 0x91                       ? 0
                          : (i == 3 || i == 4 || i == 0x80) ? 3
                                                            : 0)
                         << 8) |
                        ((i == 0x92 ? 4 : 0) << 8) | ((u32)KCS << 16);
            tt[2 * n + 1] = (u32)stubs + 16 * i;
            n++;
        }
    tt[2 * n] = tt[2 * n + 1] = 0;
    P("set_trap_table all: %d", hc(0, (u32)tt, 0, 0, 0, 0));
    setmask(1);
    shi()[0] = 0;
    I(int3);
    setmask(0);
    I(int3);
    setmask(1);
    I(into);
    I(ud2);
    I(div0);
    I(int80);
    setmask(0);
    I(int80);
    setmask(1);
    I(int90);
    setmask(0);
    I(int92);
    setmask(1);
    I(int91);
    I(int0e);
    I(single);
    MAP(hole, 0);
    uvm((u32)hole, 0, 2);
    setmask(0);
    IA(rd, hole + 0x10, "read unmapped");
    setmask(1);
    IA(wr, hole + 0x20, "write unmapped");
    {
        u32 c = ABI == 30 ? *(u32 *)(shinfo + 8) : 0;
        P("vcpu_info+8 after #PF: %w", c);
    }
    IA(wr, si->pt_base, "write to top page table (ro)");
    IA(wr, (u32)ptep((u32)tpage2, 0), "write to L1, no vm_assist");
    IA(rd, HV, "read m2p");
    IA(wr, HV, "write m2p");
    IA(rd, 0xfffffff0, "read fffffff0");
    IA(rd, HV + 0x00400000, "read HV+4M");
    IA(rd, 0xf0000000, "read f0000000 (no L1)");
    { /* an L1 of our own at 0xD0000000 (the boot L1 maps itself, which 2.0 answers by killing the domain) */
        extern void i_wr(void), i_rd(void);
        pte_t *w = (pte_t *)tpage2;
        struct mmu q;
        u32 k, l2ma;
        int r;
        u32 t = mfn(tpage) << 12, F = ABI == 20 ? 0 : 0x7ff0;
        for (k = 0; k < 4096 / sizeof(pte_t); k++)
            w[k] = 0;
        MAP(tpage2, 0x61);
        *(u32 *)tpage = 0x600df00d;
#ifdef PAE
        {
            u64 *l3 = (u64 *)si->pt_base;
            l2ma = (u32)((l3[3] >> 12) << 12) + ((0xD0000000u >> 21) & 511) * 8;
        }
#else
        l2ma = (mfn((void *)si->pt_base) << 12) + (0xD0000000u >> 22) * 4;
#endif
        q = (struct mmu){l2ma, (mfn(tpage2) << 12) | 0x67};
        r = mmu(&q, 1, F);
        P("hook own L1 at d0000000: %d", r);
#define WPTE(txt, slot, val)                                                                                 \
    do {                                                                                                     \
        cur_fn = (u32)i_wrv;                                                                                 \
        r = tryf(i_wrv, (u32) & (u32[]){(u32)&w[slot], (val)});                                              \
        P("write own L1, " txt ": vec=%d err-or-first=%w stored=%x", r, r < 0 ? 0 : fr[0],                   \
          (u32)w[slot] ? (u32)w[slot] == (val) ? 1 : 2 : 0);                                                 \
        cur_fn = 0;                                                                                          \
    } while (0)
        {
            extern void i_wrv(void);
            WPTE("no vm_assist", 0, t | 0x63);
            P("vm_assist enable 2: %d", hc(21, 0, 2, 0, 0, 0));
            WPTE("vm_assist", 0, t | 0x63);
            r = tryf(i_rd, 0xD0000000);
            P("read through it: vec=%d value %x", r, try_eax);
            P("entry flags now %x", (u32)w[0] & 0xfff);
            WPTE("vm_assist, A/D cleared", 0, t | 0x03);
            r = tryf(i_rd, 0xD0000000);
            P("read through it: vec=%d value %x flags %x", r, try_eax, (u32)w[0] & 0xfff);
            WPTE("vm_assist, not present", 0, 0x10);
            r = tryf(i_rd, 0xD0000000);
            P("read through it: vec=%d", r);
            hc(17, 0, 0, 0, 0, 0);
        }
        hc(21, 1, 2, 0, 0, 0);
        q.val = 0;
        r = mmu(&q, 1, F);
        P("unhook own L1: %d", r);
        r = MAP(tpage2, 0x63);
        P("map it rw again: %d", r);
        r = tryf(i_rd, 0xD0000000);
        P("read d0000000 after unhook: vec=%d", r);
    }
    hc(21, 1, 2, 0, 0, 0);
    setmask(0);
    IA(ldfs, 0x55, "load bad selector 0x55, mask 0");
    setmask(1);
    IA(ldgs, 0x7ff9, "load gs 0x7ff9");
    IA(ldgs, 0x0c, "load gs ldt sel 0xc");
    P("fpu_taskswitch(0): %d", hc(5, 0, 0, 0, 0, 0));
    I(fpu);
    P("fpu_taskswitch(1): %d", hc(5, 1, 0, 0, 0, 0));
    I(smsw);
    I(fpu);
    I(smsw);
    I(fpu);
}
static void insns(void)
{
    I(cli);
    I(sti);
    P("mask byte after sti: %d", shi()[1]);
    setmask(1);
    I(hlt);
    I(in_60_al);
    I(in_dx_eax);
    I(out_80);
    I(r_cr0);
    I(w_cr0);
    I(w_cr0_bad);
    I(r_cr2);
    I(w_cr2);
    {
        extern void i_r_cr3(void);
        int v = tryf(i_r_cr3, 0);
        if (v < 0)
            P("insn r_cr3: no trap, is top mfn<<12: %d", try_eax == mfn((void *)si->pt_base) << 12);
        else
            show("insn r_cr3", v);
        cur_fn = 0;
    }
    I(r_cr4);
    I(w_cr4);
    I(r_dr7);
    I(w_dr7);
    I(clts);
    I(lmsw);
    I(invlpg);
    I(lgdt);
    I(lidt);
    I(lldt);
    I(ltr);
    I(wbinvd);
    I(invd);
    {
        extern void i_rdmsr_tsc(void);
        int v = tryf(i_rdmsr_tsc, 0);
        try_eax = 0;
        show("insn rdmsr_tsc", v);
    }
    I(rdmsr_apicbase);
    I(rdmsr_bad);
    I(wrmsr_bad);
    I(rdpmc);
    {
        extern void i_rdtsc(void);
        int v = tryf(i_rdtsc, 0);
        try_eax = 0;
        show("insn rdtsc", v);
        cur_fn = 0;
    }
    {
        extern void i_cpuid_plain(void);
        int v = tryf(i_cpuid_plain, 0);
        try_eax = 0;
        show("insn cpuid_plain", v);
        cur_fn = 0;
    }
    I(cpuid_forced);
    I(smsw);
    I(sldt);
    I(str);
    I(sgdt_limit);
    I(sidt_limit);
    I(popf_if0);
    I(popf_iopl3);
    I(iret_mask);
    I(iret_if0);
    {
        static u32 pd[10];
#if ABI == 20
        pd[0] = 6;
        pd[2] = 1; /* 2.0: union at 8 */
#else
        pd[0] = 6;
        pd[1] = 1;
#endif
        P("physdev set_iopl 1: %d", hc(19, (u32)pd, 0, 0, 0, 0));
        I(cli);
        P("mask byte after cli with iopl: %d", shi()[1]);
        setmask(0);
        I(cli);
        P("mask byte 0 after cli with iopl: %d", shi()[1]);
        setmask(1);
        I(sti);
        P("mask byte after sti with iopl: %d", shi()[1]);
        setmask(1);
        I(popf_if0);
        I(in_dx_eax);
        I(out_80);
#if ABI == 20
        pd[2] = 0;
#else
        pd[1] = 0;
#endif
        hc(19, (u32)pd, 0, 0, 0, 0);
        I(cli);
    }
}
static void upcalls(void)
{
    extern void i_upcall_r(void);
    int v;
    u32 i;
    mode = 0;
    cur_fn = (u32)i_upcall_r;
    shi()[0] = 1;
    setmask(0);
    v = try(i_upcall_r, 0);
    show("event upcall from ring 1 (pending=1 mask=0)", v);
    setmask(1);
    shi()[0] = 1;
    v = tryf(i_upcall_r, 0);
    show("upcall with mask=1", v);
    shi()[0] = 0;
    mode = 0;
    cur_fn = (u32)i_upcall_r;
    shi()[0] = 0x80;
    setmask(0);
    v = try(i_upcall_r, 0);
    show("upcall pending=0x80", v);
    shi()[0] = 0;
    setmask(1);
    mode = 0;
    shi()[0] = 1;
    setmask(2);
    v = try(i_upcall_r, 0);
    show("upcall mask=2", v);
    shi()[0] = 0;
    setmask(1);
    mode = 1;
    hits = 0;
    shi()[0] = 1;
    setmask(0);
    v = try(i_upcall_r, 0);
    P("upcall returned by iret: vec=%d hits=%d eax=%x mask now=%d", v, hits, try_eax, shi()[1]);
    setmask(1);
#if ABI == 30
    if (*(u32 *)hypercall_page == 0x90909090)
        P("hypercall 23: not tried (no hypercall page: it is switch_vm86)");
    else {
        extern void i_hiret(void);
        mode = 1;
        hits = 0;
        setmask(1);
        shi()[0] = 0;
        v = try(i_hiret, 0x200);
        P("hypercall 23 as iret, IF=1: vec=%d eax=%x mask=%d", v, try_eax, shi()[1]);
        setmask(0);
        v = try(i_hiret, 0);
        P("hypercall 23 as iret, IF=0: vec=%d eax=%x mask=%d", v, try_eax, shi()[1]);
        setmask(1);
        mode = 0;
        shi()[0] = 1;
        cur_fn = (u32)i_hiret;
        v = try(i_hiret, 0x200);
        show("hypercall 23 iret to IF=1 with pending", v);
        cur_fn = 0;
        shi()[0] = 0;
        setmask(1);
    }
#endif
}
static void user(const char *n, const u8 *code, u32 len)
{
    u32 i;
    int v;
    for (i = 0; i < len; i++)
        upage[i] = code[i];
    upage[i] = 0xcc;
    upage[i + 1] = 0xcc;
    cur_fn = 0;
    mode = 0;
    v = try(go_user, (u32)upage);
    P("ring3 %s: vec=%d mask=%d frame at %w words: %w %w %w %w %w %w %w", n, v, fr_mask, fr_at, fr[0], fr[1],
      fr[2], fr[3], fr[4], fr[5], fr[6]);
}
static void ring3(void)
{
    u32 t[4];
    extern void i_x(void);
    hc(3, KDS, (u32)kstack_top, 0, 0, 0);
    MAP(upage, 0x67);
    MAP(ustack, 0x67);
    setmask(1);
    shi()[0] = 0;
#define U(n, ...)                                                                                            \
    do {                                                                                                     \
        static const u8 c_[] = {__VA_ARGS__};                                                                \
        user(n, c_, sizeof c_);                                                                              \
    } while (0)
#define A4(a) (u8)((u32)(a)), (u8)((u32)(a) >> 8), (u8)((u32)(a) >> 16), (u8)((u32)(a) >> 24)
    U("int3", 0xcc);
    U("int80", 0xcd, 0x80);
    setmask(0);
    U("int80 mask 0", 0xcd, 0x80);
    setmask(1);
    U("int82", 0xcd, 0x82);
    U("int90 (dpl1)", 0xcd, 0x90);
    U("int91 (dpl0)", 0xcd, 0x91);
    U("cli", 0xfa);
    U("hlt", 0xf4);
    U("in al,0x60", 0xe4, 0x60);
    U("mov eax,cr0", 0x0f, 0x20, 0xc0);
    U("ud2", 0x0f, 0x0b);
    setmask(0);
    U("read HV m2p", 0xa1, A4(HV));
    setmask(1);
    U("read 1000", 0xa1, A4(0x1000));
    U("read d0000000", 0xa1, A4(0xd0000000));
    {
        u8 c[5] = {0xa1};
        *(u32 *)(c + 1) = (u32)tpage;
        user("read kernel page", c, 5);
        c[0] = 0xa3;
        user("write kernel page", c, 5);
    }
    t[0] = 0x82 | (3 << 8) | ((u32)KCS << 16);
    t[1] = (u32)stubs + 16 * 0x82;
    t[2] = t[3] = 0;
    P("set_trap 82 dpl3: %d", hc(0, (u32)t, 0, 0, 0, 0));
    U("int82 with dpl3 entry", 0xcd, 0x82);
    P("int82 from ring 1 still a hypercall: %x", hc(17, 0, 0, 0, 0, 0));
#if ABI == 20
    P("set_fast_trap 80: %d 20: %d 1f: %d 30: %d 81: %d 0: %d", hc(11, 0x80, 0, 0, 0, 0),
      hc(11, 0x20, 0, 0, 0, 0), hc(11, 0x1f, 0, 0, 0, 0), hc(11, 0x30, 0, 0, 0, 0), hc(11, 0x81, 0, 0, 0, 0),
      hc(11, 0, 0, 0, 0, 0));
    hc(11, 0x80, 0, 0, 0, 0);
    setmask(0);
    U("int80 with fast trap, mask 0", 0xcd, 0x80);
    setmask(1);
#endif
    /* upcall from ring 3: pending set before iret does nothing; the next entry to Xen delivers it */
    shi()[0] = 1;
    setmask(0);
    U("loop with pending=1 mask=0 (timer makes Xen look)", 0xeb, 0xfe);
    setmask(1);
    shi()[0] = 0;
}
void cmain(struct si *s)
{
    u32 i;
    si = s;
    p2m = (u32 *)si->mfn_list;
    hc(18, 0, 8, (u32) "P begin\n", 0, 0);
    entry();
    P("map shared_info: %d", uvm((u32)shinfo, si->shared_info | 0x63, 2));
    P("shared_info mask byte initially: %d pending %d", shi()[1], shi()[0]);
    {
        static u32 tt[2 * 36];
        for (i = 0; i < 32; i++) {
            tt[2 * i] = i | ((u32)KCS << 16);
            tt[2 * i + 1] = (u32)stubs + 16 * i;
        }
        tt[64] = tt[65] = 0;
        P("set_trap_table first: %d", hc(0, (u32)tt, 0, 0, 0, 0));
    }
    P("set_callbacks: %d", hc(4, KCS, (u32)cb_stub, KCS, (u32)fs_stub, 0));
    setmask(1);
    shared();
    numbers();
    P("-- multicall");
    multicall();
    P("-- traps");
    traps();
    P("-- insns");
    insns();
    P("-- upcalls");
    upcalls();
    P("-- ring3");
    ring3();
    P("-- timer");
    timer();
    P("-- memory");
    memory();
    P("-- misc");
    misc();
    P("last, may be fatal:");
#if ABI == 30
    {
        u32 op[3] = {5, 0x7ffff, 0};
        P("mmuext new_baseptr bad: ...");
        P("mmuext new_baseptr bad: %d", hc(26, (u32)op, 1, 0, 0x7ff0, 0));
    }
#endif
    I(w_cr3_bad);
    P("end");
    {
        u32 r = 0;
#if ABI == 20
        hc(6, 2 | (0 << 8), 0, 0, 0, 0);
#else
        hc(6, 2, 0, 0, 0, 0);
        hc(29, 2, (u32)&r, 0, 0, 0);
#endif
    }
    for (;;)
        ;
}
