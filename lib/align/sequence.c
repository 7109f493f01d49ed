/* SPDX-License-Identifier: MIT */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digest.h"
#include "network.h"
#include "sequence.h"

enum { BACK = 2, MOST_LINKS = BACK + 1, REFERENCE = 0 };

#define TINY 1e-6        /* pixels: the least error of a link */
#define ROUNDING 1e-4    /* pixels: rounding errors of a similarity */
#define WHOLE_PIXEL 0.01 /* pixels: a transform this near to a whole-pixel shift becomes one */

/* A frame before the current one, and its node. */
struct earlier {
    struct keyframe *key; /* NULL: there is none */
    unsigned node;
};

struct sequence {
    struct keyframe *reference;
    struct register_models models;
    enum sequence_way way;
    struct digest_key digest_key;
    struct earlier earlier[BACK]; /* the nearest first */

    /* Node 0 is the reference's, node i + 1 that of frame i. */
    struct node *nodes;
    struct placed *placed; /* of each node; that of the reference is unused */
    unsigned count;
    size_t room;

    struct link *links;
    unsigned link_count;
    size_t link_room;
};

static void add_node(struct sequence *sequence, const char *name, bool fixed)
{
    size_t room = sequence->room;
    sequence->nodes = alloc_grow(sequence->nodes, sequence->count, &room, sizeof *sequence->nodes);
    sequence->placed =
        alloc_grow(sequence->placed, sequence->count, &sequence->room, sizeof *sequence->placed);
    sequence->nodes[sequence->count] =
        (struct node){.fixed = fixed, .reached = fixed, .transform = transform_identity()};
    sequence->placed[sequence->count] = (struct placed){.name = alloc_string(name), .failed = true};
    sequence->count++;
}

struct sequence *sequence_open(const struct frame *reference, struct register_models models,
                               enum sequence_way way)
{
    struct sequence *sequence = alloc_zeroed(1, sizeof *sequence);
    sequence->digest_key = digest_new_key();
    sequence->reference = keyframe_open(reference, &sequence->digest_key);
    keyframe_take_blocks(sequence->reference, reference, models);
    sequence->models = models;
    sequence->way = way;
    add_node(sequence, reference->name, true);
    return sequence;
}

const struct frame *sequence_reference(const struct sequence *sequence)
{
    return keyframe_header(sequence->reference);
}

void sequence_free(struct sequence *sequence)
{
    if (!sequence)
        return;
    for (unsigned i = 0; i < BACK; i++)
        keyframe_free(sequence->earlier[i].key);
    for (unsigned i = 0; i < sequence->count; i++) {
        free(sequence->placed[i].name);
        free(sequence->placed[i].best_to);
    }
    free(sequence->nodes);
    free(sequence->placed);
    free(sequence->links);
    keyframe_free(sequence->reference);
    free(sequence);
}

/* Keeps FOUND, a link between PLACED and TO, if it is PLACED's best so far: the good link of the
   least error, or, with none good, the one of the highest NCC. */
static void keep_best(struct placed *placed, const struct registration *found, const char *to)
{
    bool good = register_verdict(found) == REGISTER_GOOD;
    bool was_good = register_verdict(&placed->best) == REGISTER_GOOD;
    bool better = good ? !was_good || found->error < placed->best.error
                       : !was_good && found->ncc > placed->best.ncc;
    if (placed->best_to && !better)
        return;
    free(placed->best_to);
    placed->best_to = alloc_string(to);
    placed->best = *found;
}

/* Registers FRAME to the node FROM, whose keyframe is GIVEN, and adds the link if it is good.
   Returns whether it is. */
static bool add_link(struct sequence *sequence, struct keyframe *given, unsigned from,
                     const struct keyframe *key, const struct frame *frame,
                     const struct transform *guess, struct registration *found)
{
    unsigned to = sequence->count - 1;
    keyframe_register(given, key, frame, guess, found);
    keep_best(&sequence->placed[to], found, keyframe_header(given)->name);
    if (from != REFERENCE && sequence->way == SEQUENCE_TOGETHER)
        keep_best(&sequence->placed[from], found, keyframe_header(key)->name);
    if (register_verdict(found) != REGISTER_GOOD)
        return false;
    sequence->links = alloc_grow(sequence->links, sequence->link_count, &sequence->link_room,
                                 sizeof *sequence->links);
    struct link *link = &sequence->links[sequence->link_count++];
    *link = (struct link){.from = from,
                          .to = to,
                          .far = from == REFERENCE,
                          .transform = found->transform,
                          .error = found->error,
                          .misfit = found->misfit};
    memcpy(link->covariance, found->covariance, sizeof link->covariance);
    return true;
}

/* Links the last node to those before it and to the reference. */
static void link_last(struct sequence *sequence, const struct keyframe *key,
                      const struct frame *frame)
{
    struct node *node = &sequence->nodes[sequence->count - 1];
    struct placed *placed = &sequence->placed[sequence->count - 1];
    struct registration found;
    bool linked = false, fixed = node->fixed;
    for (unsigned i = 0; i < BACK && sequence->earlier[i].key && !linked; i++) {
        const struct earlier *earlier = &sequence->earlier[i];
        const struct node *before = &sequence->nodes[earlier->node];
        const struct placed *last = &sequence->placed[earlier->node];
        linked = add_link(sequence, earlier->key, earlier->node, key, frame,
                          i == 0 && last->stepped ? &last->step : NULL, &found);
        if (linked && i == 0) {
            placed->stepped = true;
            placed->step = found.transform;
        }
        /* The guess for the link to the reference. */
        if (linked && before->reached && !fixed) {
            node->transform = transform_compose(&found.transform, &before->transform);
            node->reached = true;
        }
        fixed |= linked && before->fixed; /* that link serves as one to the reference */
    }
    if (!fixed && add_link(sequence, sequence->reference, REFERENCE, key, frame,
                           node->reached ? &node->transform : NULL, &found)) {
        node->transform = found.transform;
        node->error = found.error;
        node->reached = true;
    }
}

/* Counts all of LINK's misfit as its error. */
static void doubt(struct link *link)
{
    double error = hypot(link->error, link->misfit), ratio = error / fmax(link->error, TINY);
    for (int i = 0; i < TRANSFORM_MAX_PARAMETERS; i++)
        for (int j = 0; j < TRANSFORM_MAX_PARAMETERS; j++)
            link->covariance[i][j] *= ratio * ratio;
    link->error = error;
}

/* Doubts the links to the reference of frames that a neighbour is linked to as well. Under parallax
   they rest on what is sharp in both their frames, and so at other depths than what a frame and its
   neighbour have in common. */
static void doubt_far_links(struct sequence *sequence)
{
    bool *has_neighbour = alloc_zeroed(sequence->count, sizeof *has_neighbour);
    for (unsigned k = 0; k < sequence->link_count; k++) {
        const struct link *link = &sequence->links[k];
        if (!link->far)
            has_neighbour[link->from] = has_neighbour[link->to] = true;
    }
    for (unsigned k = 0; k < sequence->link_count; k++)
        if (sequence->links[k].far && has_neighbour[sequence->links[k].to])
            doubt(&sequence->links[k]);
    free(has_neighbour);
}

/* Solves for the last node alone. */
static void solve_last(struct sequence *sequence)
{
    struct node nodes[MOST_LINKS + 1];
    unsigned last = sequence->count - 1;
    doubt_far_links(sequence);
    for (unsigned k = 0; k < sequence->link_count; k++) {
        struct link *link = &sequence->links[k];
        nodes[k] = sequence->nodes[link->from];
        nodes[k].fixed = nodes[k].reached;
        link->from = k;
        link->to = sequence->link_count;
    }
    nodes[sequence->link_count] = sequence->nodes[last];
    const struct frame *header = keyframe_header(sequence->reference);
    network_solve(nodes, sequence->link_count + 1, sequence->links, sequence->link_count,
                  header->width, header->height);
    sequence->nodes[last] = nodes[sequence->link_count];
}

/* Copies what the network found for the nodes from FIRST on. */
static void tell_placed(struct sequence *sequence, unsigned first)
{
    const struct frame *header = keyframe_header(sequence->reference);
    for (unsigned i = first; i < sequence->count; i++) {
        const struct node *node = &sequence->nodes[i];
        struct placed *placed = &sequence->placed[i];
        placed->failed = !node->reached;
        placed->transform =
            transform_similar(&node->transform, header->width, header->height, ROUNDING);
        placed->transform =
            transform_whole(&placed->transform, header->width, header->height, WHOLE_PIXEL);
        placed->error = node->error;
        if (!node->fixed)
            continue;
        placed->best.scatter = 0;
        placed->best.share = placed->best.ncc = 1;
    }
}

void sequence_add(struct sequence *sequence, const struct frame *frame)
{
    struct keyframe *key = keyframe_open(frame, &sequence->digest_key);
    add_node(sequence, frame->name, keyframe_equal(key, sequence->reference));
    unsigned last = sequence->count - 1;
    if (sequence->way != SEQUENCE_TOGETHER)
        sequence->link_count = 0;
    link_last(sequence, key, frame);
    if (sequence->way == SEQUENCE_AT_ONCE && !sequence->nodes[last].fixed)
        solve_last(sequence);
    if (sequence->way != SEQUENCE_TOGETHER)
        tell_placed(sequence, last);
    if (sequence->way == SEQUENCE_DIRECT) {
        keyframe_free(key);
        return;
    }
    keyframe_take_blocks(key, frame, sequence->models);
    keyframe_free(sequence->earlier[BACK - 1].key);
    for (unsigned i = BACK - 1; i > 0; i--)
        sequence->earlier[i] = sequence->earlier[i - 1];
    sequence->earlier[0] = (struct earlier){key, last};
}

void sequence_solve(struct sequence *sequence)
{
    const struct frame *header = keyframe_header(sequence->reference);
    doubt_far_links(sequence);
    network_solve(sequence->nodes, sequence->count, sequence->links, sequence->link_count,
                  header->width, header->height);
    tell_placed(sequence, 1);
}

const struct placed *sequence_frame(const struct sequence *sequence, unsigned i)
{
    return &sequence->placed[i + 1];
}
