/*
 * linknetwork - solve a network of made links and print its errors, for tests
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: linknetwork NODES [FROM,TO,PIXELS ...]
 *
 * Node 0 is the reference; each node lies PIXELS_APART right of and below the node before it. Each
 * is linked to the one before it and, from node 2 on, to node 0, with errors as in their
 * covariances. FROM,TO,PIXELS makes a link wrong by PIXELS; "-" in their place leaves it out.
 * Prints a line a node: its number, the distance of its transform from the truth and the predicted
 * error in pixels, or "unreached".
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "network.h"
#include "transform.h"

enum { WIDTH = 300, HEIGHT = 200, P = TRANSFORM_MAX_PARAMETERS };

#define PIXELS_APART 2.0
#define SIGMA 0.1 /* of a link, pixels, along each axis */

static struct transform truth(unsigned node)
{
    return transform_similarity(0.01 * node, 1 + 0.01 * node, WIDTH / 2.0, HEIGHT / 2.0,
                                PIXELS_APART * node, PIXELS_APART * node);
}

/* The PIXELS that an argument gives for the link FROM, TO, or NULL. */
static const char *told(int argc, char **argv, unsigned from, unsigned to)
{
    char *prefix = alloc_printf("%u,%u,", from, to);
    const char *found = NULL;
    for (int i = 2; i < argc; i++)
        if (strncmp(argv[i], prefix, strlen(prefix)) == 0)
            found = argv[i] + strlen(prefix);
    free(prefix);
    return found;
}

/* Adds the link FROM, TO to LINKS; returns their new number. */
static unsigned add_link(struct link *links, unsigned count, unsigned from, unsigned to,
                         const char *wrong)
{
    if (wrong && strcmp(wrong, "-") == 0)
        return count;
    struct transform a = truth(from), b = truth(to), back;
    transform_invert(&a, &back);
    /* A fixed pattern of errors of about SIGMA. */
    double off = wrong ? atof(wrong) : SIGMA * sin(3.0 * from + 5.0 * to);
    struct transform error = transform_shift(off, -off);
    links[count] =
        (struct link){.from = from, .to = to, .far = to > from + 1, .error = SIGMA * sqrt(2)};
    links[count].transform = transform_compose(&b, &back);
    links[count].transform = transform_compose(&links[count].transform, &error);
    for (int i = 0; i < P; i++)
        links[count].covariance[i][i] = i < 6 ? SIGMA * SIGMA : 0;
    return count + 1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || atoi(argv[1]) < 2) {
        fprintf(stderr, "usage: linknetwork NODES [FROM,TO,PIXELS ...]\n");
        return EXIT_FAILURE;
    }
    unsigned nodes = (unsigned)atoi(argv[1]), count = 0;
    struct node *node = alloc_zeroed(nodes, sizeof *node);
    struct link *links = alloc_zeroed(3 * (size_t)nodes, sizeof *links);
    node[0].fixed = true;
    node[0].transform = transform_identity();
    for (unsigned i = 1; i < nodes; i++) {
        count = add_link(links, count, i - 1, i, told(argc, argv, i - 1, i));
        if (i > 1)
            count = add_link(links, count, 0, i, told(argc, argv, 0, i));
    }
    network_solve(node, nodes, links, count, WIDTH, HEIGHT);
    for (unsigned i = 1; i < nodes; i++) {
        struct transform right = truth(i);
        if (node[i].reached)
            printf("%u %.4f %.4f\n", i,
                   transform_distance(&node[i].transform, &right, WIDTH, HEIGHT), node[i].error);
        else
            printf("%u unreached\n", i);
    }
    free(node);
    free(links);
    return EXIT_SUCCESS;
}
