/* Fills the table of the float32 sigmoid: in each interval the cubic through sigmoid at its four
   Chebyshev nodes, worked out in float64. Compiled once, for the baseline ISA. */
#include "fo_math.h"

_Alignas(64) float fo_sigmoid_table[FO_SIGMOID_ROWS][4];

void fo_sigmoid_init(void) {
    const double step = 1.0 / FO_SIGMOID_PER_UNIT;
    /* The nodes are -a, -b, b, a: half a step times cos(pi/8) and cos(3 pi/8). */
    const double a = step / 2 * 0.92387953251128676;
    const double b = step / 2 * 0.38268343236508977;
    for (int row = 0; row < FO_SIGMOID_ROWS; row++) {
        const double center = row * step - FO_SIGMOID_END;
        const double plus_a = fo_sigmoid(center + a), minus_a = fo_sigmoid(center - a);
        const double plus_b = fo_sigmoid(center + b), minus_b = fo_sigmoid(center - b);
        const double even_a = (plus_a + minus_a) / 2, odd_a = (plus_a - minus_a) / (2 * a);
        const double even_b = (plus_b + minus_b) / 2, odd_b = (plus_b - minus_b) / (2 * b);
        const double c2 = (even_a - even_b) / (a * a - b * b);
        const double c3 = (odd_a - odd_b) / (a * a - b * b);
        float *c = fo_sigmoid_table[row];
        c[0] = (float)(even_a - c2 * a * a);
        c[1] = (float)(odd_a - c3 * a * a);
        c[2] = (float)c2;
        c[3] = (float)c3;
    }
}
