/* Which builds of the kernels there are and which of them this CPU can run: the only cpuid. */
#include "fastopt.h"
#include "isas.h" /* written by CMake: ISAS(X) is X(name, test of the CPU) for each ISA, best first */

#if defined(__AVX__)
#error "this file runs on every CPU: compile it for the baseline"
#endif

#define OPTIMIZER(name, states, hypers) {#name, states, hypers, ""},
#define GLOBAL_OPTIMIZER(name, states, hypers, memory) {#name, states, hypers, memory},
#define LOSS(...)
const fo_optimizer fo_optimizers[] = {
#include "kernels.def"
};
#undef OPTIMIZER
#undef GLOBAL_OPTIMIZER
#undef LOSS

#define OPTIMIZER(...)
#define GLOBAL_OPTIMIZER(...)
#define LOSS(name, task, hypers) {#name, task, hypers},
const fo_loss fo_losses[] = {
#include "kernels.def"
};

const size_t fo_n_optimizers = sizeof fo_optimizers / sizeof *fo_optimizers;
const size_t fo_n_losses = sizeof fo_losses / sizeof *fo_losses;

#define DECLARE(isa, test) extern const fo_kernels fo_kernels_f32_##isa, fo_kernels_f64_##isa;
ISAS(DECLARE)

#define ROW(isa, test) {#isa, 0, {&fo_kernels_f32_##isa, &fo_kernels_f64_##isa}},
fo_isa fo_isas[] = {ISAS(ROW)};
const size_t fo_n_isas = sizeof fo_isas / sizeof *fo_isas;

#ifdef __clang__
const char fo_compiler[] = __VERSION__;
#else
const char fo_compiler[] = "GCC " __VERSION__;
#endif

#define CPU(feature) __builtin_cpu_supports(#feature)

void fo_detect(void) {
    size_t i = 0;
#define DETECT(isa, test) fo_isas[i++].supported = (test) != 0;
    ISAS(DETECT)
}
