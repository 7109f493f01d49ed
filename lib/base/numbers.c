/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include "numbers.h"

double median_kth(double *values, unsigned count, unsigned k)
{
    unsigned first = 0, last = count - 1;
    while (first < last) {
        double pivot = values[(first + last) / 2];
        unsigned i = first, j = last;
        for (;;) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double swapped = values[i];
            values[i++] = values[j];
            values[j--] = swapped;
        }
        if (i == j && values[i] <= pivot)
            i++;
        if (k < i)
            last = i - 1;
        else
            first = i;
    }
    return values[k];
}

double median_of(double *values, unsigned count)
{
    return count ? median_kth(values, count, count / 2) : 0;
}

unsigned reflected_index(long i, unsigned size)
{
    long period = size > 1 ? 2 * ((long)size - 1) : 1;
    i = labs(i) % period;
    return (unsigned)(i < (long)size ? i : period - i);
}
