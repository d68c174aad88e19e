/*
 * The heat equation u_t = u_xx + u_yy on the unit square, u = 0 at its edge, from u(x, y, 0) = sin(pi x) sin(pi y).
 * The exact solution is known: exp(-2 pi^2 t) sin(pi x) sin(pi y). So the program can say how wrong it is, and that
 * the error falls with the square of the mesh width, as it must for this scheme.
 *
 * The same digits with any number of threads: each point is computed on its own, and a maximum does not depend on the
 * order in which it is taken (a sum would).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;
static const double end = 0.05;

/* Carries `n` by `n` cells from time 0 to `end`; gives the greatest error there, or -1 without memory. */
static double solve(int n, int *steps)
{
    const int row = n + 1;
    const double h = 1.0 / n;
    /* Stable up to h^2 / 4. A whole number of steps ends exactly at `end`. */
    *steps = (int)ceil(end / (0.2 * h * h));
    const double dt = end / *steps, r = dt / (h * h);

    double *u = calloc((size_t)row * row, sizeof *u), *next = calloc((size_t)row * row, sizeof *next);
    if (u == NULL || next == NULL) {
        free(u);
        free(next);
        return -1;
    }
    for (int i = 1; i < n; i++)
        for (int j = 1; j < n; j++)
            u[i * row + j] = sin(pi * i * h) * sin(pi * j * h);

    for (int step = 0; step < *steps; step++) {
#pragma omp parallel for schedule(static)
        for (int i = 1; i < n; i++)
            for (int j = 1; j < n; j++) {
                const int k = i * row + j;
                next[k] = u[k] + r * (u[k - row] + u[k + row] + u[k - 1] + u[k + 1] - 4 * u[k]);
            }
        double *swap = u;
        u = next;
        next = swap;
    }

    double worst = 0;
#pragma omp parallel for schedule(static) reduction(max : worst)
    for (int i = 1; i < n; i++)
        for (int j = 1; j < n; j++) {
            const double exact = exp(-2 * pi * pi * end) * sin(pi * i * h) * sin(pi * j * h);
            worst = fmax(worst, fabs(u[i * row + j] - exact));
        }
    free(u);
    free(next);
    return worst;
}

int main(int count, char **words)
{
    const int finest = count > 1 ? atoi(words[1]) : 128;
    if (count > 2 || finest < 32 || finest > 1024) {
        fprintf(stderr, "usage: heat [CELLS]   the finest mesh, 32 to 1024; 128 when left out\n");
        return 2;
    }
    printf("cells   steps   greatest error   order\n");
    double before = 0;
    int right = 1;
    for (int n = 16; n <= finest; n *= 2) {
        int steps;
        const double error = solve(n, &steps);
        if (error < 0) {
            fprintf(stderr, "heat: no memory for %d x %d cells\n", n, n);
            return 1;
        }
        printf("%5d %7d   %14.6e", n, steps, error);
        if (before > 0) {
            const double order = log2(before / error);
            printf("   %5.3f", order);
            right &= fabs(order - 2) < 0.05;
        }
        printf("\n");
        before = error;
    }
    printf(right ? "right: of second order, as the theory says\n" : "WRONG: not of second order\n");
    return right ? 0 : 1;
}
