/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * trial.c - can this compiler make a guest? Nothing is done with the result. */
void _start(void)
{
}
