/* SPDX-License-Identifier: MIT */

/*
 * Let T_i take the reference's pixels to those of frame i. A link from a to b with transform M says
 * that T_b T_a^-1 = M, with an error whose parameters (transform_to_parameters()) have covariance
 * C. What remains of it,
 *
 *     e = parameters of M^-1 T_b T_a^-1,
 *
 * changes with small corrections T_i <- T_i (1 + d_i) by A_a (d_b - d_a), where A_a is the linear
 * map of parameters h to those of T_a h T_a^-1. Gauss-Newton steps minimise the sum of rho(e' C^-1
 * e) over all links. Each T_i starts as the composition along the chain of links with the least sum
 * of squared errors, in which far links cost FAR times as much. The first rounds weigh each link by
 * 1 / sqrt(e' C^-1 e), which lets a majority of links overrule one; the later ones by 1 / (1 + e'
 * C^-1 e / BOUND^2)^2.
 *
 * A link of few degrees of freedom has a singular C. So the squared SHARE_ALL_ROUND of its error is
 * added to C's diagonal: the parameters that the link takes for zero are zero within that.
 *
 * Nodes are in the order of the stack and links join near ones, so the normal matrix is banded; it
 * is factored by Cholesky's method within the band.
 *
 * The covariance of d_i is the i-th diagonal block of the inverse, raised where the links of a node
 * contradict each other.
 */

#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "cholesky.h"
#include "network.h"

enum { P = TRANSFORM_MAX_PARAMETERS, ROUGH_ROUNDS = 30, ROUNDS = 10 };

#define SHARE_ALL_ROUND 0.3
#define BOUND 4.0 /* of sqrt(e' C^-1 e) */
#define FAR 100   /* times the cost of a far link, in the first chains */
#define TINY 1e-6 /* pixels: the least error of a link */
#define NO_NODE (~0u)

struct network {
    struct node *nodes;
    struct link *links;
    unsigned count, link_count, width, height;
    double (*information)[P][P]; /* C^-1 of each link */
    unsigned *unknown;           /* of each node: its number among those to be found, or NO_NODE */
    unsigned sought;
};

/* The inverse of C, which is positive definite. */
static void invert(double c[P][P], double inverse[P][P])
{
    double element[P * P] = {0};
    struct banded m = {P, P, element};
    for (unsigned i = 0; i < P; i++)
        for (unsigned j = 0; j <= i; j++)
            *banded_at(&m, i, j) = c[i][j];
    bool regular = cholesky_factor(&m, 0);
    for (unsigned j = 0; j < P; j++) {
        double x[P] = {0};
        x[j] = 1;
        if (regular)
            cholesky_solve(&m, x, 0);
        for (unsigned i = 0; i < P; i++)
            inverse[i][j] = x[i];
    }
}

/* C^-1 of LINK, where C includes SHARE_ALL_ROUND of its error and the errors of fixed nodes at its
   ends. */
static void link_information(const struct network *network, const struct link *link,
                             double information[P][P])
{
    double c[P][P], error = fmax(SHARE_ALL_ROUND * link->error, TINY);
    const struct node *from = &network->nodes[link->from], *to = &network->nodes[link->to];
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++)
            c[i][j] = link->covariance[i][j] + (i == j ? error * error : 0) +
                      (from->fixed ? from->covariance[i][j] : 0) +
                      (to->fixed ? to->covariance[i][j] : 0);
    invert(c, information);
}

/* Composes the transforms along the best chains. */
static void reach(struct network *network)
{
    double *cost = alloc_array(network->count, sizeof *cost);
    for (unsigned i = 0; i < network->count; i++) {
        network->nodes[i].reached = network->nodes[i].fixed;
        cost[i] = network->nodes[i].fixed ? 0 : INFINITY;
    }
    bool changed = true;
    while (changed) {
        changed = false;
        for (unsigned k = 0; k < network->link_count; k++) {
            const struct link *link = &network->links[k];
            double way = fmax(link->error * link->error, TINY * TINY) * (link->far ? FAR : 1);
            struct transform back;
            if (cost[link->from] + way < cost[link->to]) {
                network->nodes[link->to].transform =
                    transform_compose(&link->transform, &network->nodes[link->from].transform);
                cost[link->to] = cost[link->from] + way;
                changed = network->nodes[link->to].reached = true;
            } else if (cost[link->to] + way < cost[link->from] &&
                       transform_invert(&link->transform, &back)) {
                network->nodes[link->from].transform =
                    transform_compose(&back, &network->nodes[link->to].transform);
                cost[link->from] = cost[link->to] + way;
                changed = network->nodes[link->from].reached = true;
            }
        }
    }
    free(cost);
}

/* Numbers the nodes to be found. Returns the largest distance between the numbers of linked
   nodes. */
static unsigned number_unknowns(struct network *network)
{
    unsigned span = 0;
    network->sought = 0;
    for (unsigned i = 0; i < network->count; i++) {
        const struct node *node = &network->nodes[i];
        network->unknown[i] = node->reached && !node->fixed ? network->sought++ : NO_NODE;
    }
    for (unsigned k = 0; k < network->link_count; k++) {
        unsigned from = network->unknown[network->links[k].from];
        unsigned to = network->unknown[network->links[k].to];
        if (from != NO_NODE && to != NO_NODE) {
            unsigned apart = from > to ? from - to : to - from;
            span = apart > span ? apart : span;
        }
    }
    return span;
}

/* e of LINK. */
static void remainder_of(const struct network *network, const struct link *link, double e[P])
{
    struct transform back, inverse;
    transform_invert(&network->nodes[link->from].transform, &back);
    transform_invert(&link->transform, &inverse);
    struct transform t = transform_compose(&network->nodes[link->to].transform, &back);
    t = transform_compose(&inverse, &t);
    transform_to_parameters(&t, network->width, network->height, e);
}

/* The matrix A of T. */
static void conjugation(const struct network *network, const struct transform *t, double a[P][P])
{
    struct transform back;
    transform_invert(t, &back);
    for (int j = 0; j < P; j++) {
        const double moved_by = 0.01; /* pixels: small beside the image, large beside rounding */
        double h[P] = {0}, moved[P];
        h[j] = moved_by;
        struct transform small = transform_from_parameters(h, network->width, network->height);
        small = transform_compose(&small, &back);
        small = transform_compose(t, &small);
        transform_to_parameters(&small, network->width, network->height, moved);
        for (int i = 0; i < P; i++)
            a[i][j] = moved[i] / moved_by;
    }
}

static double quadratic(double matrix[P][P], const double e[P])
{
    double sum = 0;
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++)
            sum += e[i] * matrix[i][j] * e[j];
    return fmax(0, sum);
}

static void multiply(double a[P][P], bool transposed, double b[P][P], double product[P][P])
{
    for (int i = 0; i < P; i++)
        for (int j = 0; j < P; j++) {
            product[i][j] = 0;
            for (int k = 0; k < P; k++)
                product[i][j] += (transposed ? a[k][i] : a[i][k]) * b[k][j];
        }
}

/* Adds BLOCK to the rows of node I and the columns of node J, J <= I. */
static void add_block(struct banded *m, unsigned i, unsigned j, double block[P][P], double weight)
{
    for (unsigned row = 0; row < P; row++)
        for (unsigned column = 0; column < (i == j ? row + 1 : P); column++)
            *banded_at(m, i * P + row, j * P + column) += weight * block[row][column];
}

/* Adds the equations of link K, weighted, to the normal matrix M and the right side X. */
static void add_link(const struct network *network, unsigned k, double weight, struct banded *m,
                     double *x)
{
    const struct link *link = &network->links[k];
    unsigned from = network->unknown[link->from], to = network->unknown[link->to];
    double a[P][P], right[P][P], normal[P][P], e[P];
    remainder_of(network, link, e);
    conjugation(network, &network->nodes[link->from].transform, a);
    multiply(network->information[k], false, a, right); /* C^-1 A */
    multiply(a, true, right, normal);                   /* A' C^-1 A */
    for (unsigned i = 0; i < P; i++) {
        double pull = 0; /* A' C^-1 e */
        for (unsigned j = 0; j < P; j++)
            pull += right[j][i] * e[j];
        if (to != NO_NODE)
            x[to * P + i] -= weight * pull;
        if (from != NO_NODE)
            x[from * P + i] += weight * pull;
    }
    if (to != NO_NODE)
        add_block(m, to, to, normal, weight);
    if (from != NO_NODE)
        add_block(m, from, from, normal, weight);
    if (to != NO_NODE && from != NO_NODE)
        add_block(m, to > from ? to : from, to > from ? from : to, normal, -weight);
}

static bool takes_part(const struct network *network, const struct link *link)
{
    return network->nodes[link->from].reached && network->nodes[link->to].reached;
}

/* One Gauss-Newton step. Leaves the Cholesky factor in M. */
static bool step(struct network *network, bool rough, struct banded *m, double *x)
{
    for (size_t i = 0; i < (size_t)m->size * m->band; i++)
        m->element[i] = 0;
    for (unsigned i = 0; i < m->size; i++)
        x[i] = 0;
    for (unsigned k = 0; k < network->link_count; k++) {
        struct link *link = &network->links[k];
        if (!takes_part(network, link))
            continue;
        double e[P];
        remainder_of(network, link, e);
        double square = quadratic(network->information[k], e);
        double bounded = 1 + square / (BOUND * BOUND);
        link->trust = 1 / (bounded * bounded);
        add_link(network, k, rough ? 1 / fmax(sqrt(square), 1) : link->trust, m, x);
    }
    if (!cholesky_factor(m, 0))
        return false;
    cholesky_solve(m, x, 0);
    for (unsigned i = 0; i < network->count; i++) {
        if (network->unknown[i] == NO_NODE)
            continue;
        struct node *node = &network->nodes[i];
        struct transform correction = transform_from_parameters(x + (size_t)network->unknown[i] * P,
                                                                network->width, network->height);
        node->transform = transform_compose(&node->transform, &correction);
    }
    return true;
}

/* Sets how far the links are from the solution. */
static void tell_apart(struct network *network)
{
    for (unsigned k = 0; k < network->link_count; k++) {
        struct link *link = &network->links[k];
        link->apart = 0;
        if (!takes_part(network, link))
            continue;
        double e[P];
        remainder_of(network, link, e);
        link->apart = transform_rms(e, network->width, network->height);
    }
}

/* The ratio by which the links of node I lie farther from the solution than their errors say
   (Birge), at least 1; those that are not trusted count less. */
static double contradiction(const struct network *network, unsigned i)
{
    double squares = 0, weights = 0;
    for (unsigned k = 0; k < network->link_count; k++) {
        const struct link *link = &network->links[k];
        if ((link->from != i && link->to != i) || !takes_part(network, link))
            continue;
        double ratio = link->apart / fmax(link->error, TINY);
        squares += link->trust * ratio * ratio;
        weights += link->trust;
    }
    return weights > 0 ? fmax(1, sqrt(squares / weights)) : 1;
}

/* Sets the covariances of the nodes from the Cholesky factor L. */
static void tell_errors(struct network *network, const struct banded *l, double *x)
{
    for (unsigned i = 0; i < network->count; i++) {
        unsigned n = network->unknown[i];
        struct node *node = &network->nodes[i];
        if (n == NO_NODE)
            continue;
        double ratio = contradiction(network, i);
        for (unsigned column = 0; column < P; column++) {
            for (unsigned j = 0; j < l->size; j++)
                x[j] = j == n * P + column;
            cholesky_solve(l, x, n * P);
            for (unsigned row = 0; row < P; row++)
                node->covariance[row][column] = ratio * ratio * x[n * P + row];
        }
        node->error = transform_rms_deviation(node->covariance, network->width, network->height);
    }
}

void network_solve(struct node *nodes, unsigned count, struct link *links, unsigned link_count,
                   unsigned width, unsigned height)
{
    struct network network = {.nodes = nodes,
                              .links = links,
                              .count = count,
                              .link_count = link_count,
                              .width = width,
                              .height = height};
    network.information = alloc_array(link_count, sizeof *network.information);
    network.unknown = alloc_array(count, sizeof *network.unknown);
    for (unsigned k = 0; k < link_count; k++)
        link_information(&network, &links[k], network.information[k]);
    reach(&network);
    unsigned span = number_unknowns(&network);
    struct banded m = {.size = network.sought * P, .band = (span + 1) * P};
    m.element = alloc_array((size_t)m.size * m.band, sizeof *m.element);
    double *x = alloc_array(m.size, sizeof *x);
    bool regular = network.sought > 0;
    for (unsigned round = 0; round < ROUGH_ROUNDS + ROUNDS && regular; round++)
        regular = step(&network, round < ROUGH_ROUNDS, &m, x);
    tell_apart(&network);
    if (regular)
        tell_errors(&network, &m, x);
    free(x);
    free(m.element);
    free(network.unknown);
    free(network.information);
}
