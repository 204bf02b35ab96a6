"""The schedules of torch.optim.lr_scheduler and of optax.schedules, and what gives the same rates.

Each row is code of theirs and code of ours with the same arguments, under their names; `lr` is the
rate of torch's optimizer.  Rates are the same at every update, t here and count = t - 1 there, but
for two that torch does not end: CosineAnnealingLR climbs again after T_max updates, and OneCycleLR
may not be asked for more than total_steps.

What cycles the momentum in torch cycles the rate alone here.  Where theirs has no closed form, or
is any function, so is ours: any callable lr(t) is a schedule.
"""

TORCH = {
    "LambdaLR(optimizer, lr_lambda)": "lambda t: lr * lr_lambda(t - 1)",
    "MultiplicativeLR(optimizer, lr_lambda)": (
        "lambda t: lr * math.prod(lr_lambda(k) for k in range(1, t))"
    ),
    "StepLR(optimizer, step_size, gamma)": "step(lr, every=step_size, factor=gamma)",
    "MultiStepLR(optimizer, milestones, gamma)": "multistep(lr, milestones, factor=gamma)",
    "ConstantLR(optimizer, factor, total_iters)": (
        "piecewise([lr * factor, lr], boundaries=[total_iters])"
    ),
    "LinearLR(optimizer, start_factor, end_factor, total_iters)": (
        "linear(lr * start_factor, steps=total_iters, final=lr * end_factor)"
    ),
    "ExponentialLR(optimizer, gamma)": "exponential(lr, factor=gamma)",
    "PolynomialLR(optimizer, total_iters, power)": (
        "polynomial(lr, steps=total_iters, power=power)"
    ),
    "CosineAnnealingLR(optimizer, T_max, eta_min)": "cosine(lr, steps=T_max, final=eta_min)",
    "CosineAnnealingWarmRestarts(optimizer, T_0, T_mult, eta_min)": (
        "cosine_restarts(lr, period=T_0, growth=T_mult, final=eta_min)"
    ),
    "CyclicLR(optimizer, base_lr, max_lr, step_size_up, step_size_down, cycle_momentum=False)": (
        "cyclic(max_lr, initial=base_lr, up=step_size_up, down=step_size_down)"
    ),
    "CyclicLR(optimizer, base_lr, max_lr, step_size_up, mode='triangular2',"
    " cycle_momentum=False)": (
        "cyclic(max_lr, initial=base_lr, up=step_size_up, cycle_factor=1 / 2)"
    ),
    "CyclicLR(optimizer, base_lr, max_lr, step_size_up, mode='exp_range', gamma=gamma,"
    " cycle_momentum=False)": ("cyclic(max_lr, initial=base_lr, up=step_size_up, factor=gamma)"),
    "OneCycleLR(optimizer, max_lr, total_steps, pct_start=pct_start, div_factor=div_factor,"
    " final_div_factor=final_div_factor, three_phase=three_phase, cycle_momentum=False)": (
        "one_cycle(max_lr, total_steps, pct_start, div_factor, final_div_factor,"
        " three_phase=three_phase)"
    ),
    "OneCycleLR(optimizer, max_lr, total_steps, anneal_strategy='linear', three_phase=three_phase,"
    " cycle_momentum=False)": (
        "one_cycle(max_lr, total_steps, shape='linear', three_phase=three_phase)"
    ),
    "SequentialLR(optimizer, [LinearLR(optimizer, start_factor, total_iters=total_iters),"
    " ExponentialLR(optimizer, gamma)], milestones=[total_iters])": (
        "join([linear(lr * start_factor, steps=total_iters, final=lr),"
        " exponential(lr, factor=gamma)], boundaries=[total_iters])"
    ),
    "ChainedScheduler([ConstantLR(optimizer, factor, total_iters),"
    " ExponentialLR(optimizer, gamma)])": (
        "product([lr, piecewise([factor, 1], boundaries=[total_iters]),"
        " exponential(1, factor=gamma)])"
    ),
    "ReduceLROnPlateau(optimizer, mode, factor, patience, threshold, threshold_mode, cooldown,"
    " min_lr, eps)": (
        "ReduceOnPlateau(lr, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps,"
        " mode)"
    ),
}

OPTAX = {
    "constant_schedule(value)": "constant(value)",
    "linear_schedule(init_value, end_value, transition_steps)": (
        "linear(init_value, steps=transition_steps, final=end_value)"
    ),
    "linear_schedule(init_value, end_value, transition_steps, transition_begin)": (
        "join([init_value, linear(init_value, steps=transition_steps, final=end_value)],"
        " boundaries=[transition_begin])"
    ),
    "polynomial_schedule(init_value, end_value, power, transition_steps)": (
        "polynomial(init_value, steps=transition_steps, power=power, final=end_value)"
    ),
    "polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin)": (
        "join([init_value, polynomial(init_value, steps=transition_steps, power=power,"
        " final=end_value)], boundaries=[transition_begin])"
    ),
    "exponential_decay(init_value, transition_steps, decay_rate)": (
        "exponential(init_value, factor=decay_rate, every=transition_steps)"
    ),
    "exponential_decay(init_value, transition_steps, decay_rate, transition_begin,"
    " end_value=end_value)": (
        "join([init_value, exponential(init_value, factor=decay_rate, every=transition_steps,"
        " final=end_value)], boundaries=[transition_begin])"
    ),
    "exponential_decay(init_value, transition_steps, decay_rate, staircase=True,"
    " end_value=end_value)": (
        "step(init_value, every=transition_steps, factor=decay_rate, final=end_value)"
    ),
    "cosine_decay_schedule(init_value, decay_steps, alpha, exponent)": (
        "cosine(init_value, steps=decay_steps, final=alpha * init_value, power=exponent)"
    ),
    "piecewise_constant_schedule(init_value, boundaries_and_scales)": (
        "piecewise(np.cumprod([init_value, *boundaries_and_scales.values()]),"
        " boundaries=boundaries_and_scales)"
    ),
    "piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales)": (
        "piecewise(np.cumprod([init_value, *boundaries_and_scales.values()]),"
        " boundaries=boundaries_and_scales, shape=interpolate_type)"
    ),
    "cosine_onecycle_schedule(transition_steps, peak_value, pct_start, div_factor,"
    " final_div_factor)": (
        "piecewise([peak_value / div_factor, peak_value,"
        " peak_value / div_factor / final_div_factor],"
        " boundaries=[int(pct_start * transition_steps), transition_steps], shape='cosine')"
    ),
    "linear_onecycle_schedule(transition_steps, peak_value, pct_start, pct_final, div_factor,"
    " final_div_factor)": (
        "piecewise([peak_value / div_factor, peak_value, peak_value / div_factor,"
        " peak_value / div_factor / final_div_factor],"
        " boundaries=[int(pct_start * transition_steps), int(pct_final * transition_steps),"
        " transition_steps], shape='linear')"
    ),
    "warmup_constant_schedule(init_value, peak_value, warmup_steps)": (
        "warmup(peak_value, steps=warmup_steps, initial=init_value)"
    ),
    "warmup_cosine_decay_schedule(init_value, peak_value, warmup_steps, decay_steps, end_value,"
    " exponent)": (
        "warmup_cosine(peak_value, warmup=warmup_steps, steps=decay_steps, initial=init_value,"
        " final=end_value, power=exponent)"
    ),
    "warmup_exponential_decay_schedule(init_value, peak_value, warmup_steps, transition_steps,"
    " decay_rate, end_value=end_value)": (
        "warmup(exponential(peak_value, factor=decay_rate, every=transition_steps,"
        " final=end_value), steps=warmup_steps, initial=init_value)"
    ),
    "sgdr_schedule(cosine_kwargs)": (
        "join([warmup_cosine(cycle['peak_value'], cycle['warmup_steps'], cycle['decay_steps'],"
        " cycle['init_value']) for cycle in cosine_kwargs],"
        " boundaries=np.cumsum([cycle['decay_steps'] for cycle in cosine_kwargs[:-1]]))"
    ),
    "join_schedules([linear_schedule(init_value, peak_value, warmup_steps),"
    " exponential_decay(peak_value, transition_steps, decay_rate)], boundaries=[warmup_steps])": (
        "join([linear(init_value, steps=warmup_steps, final=peak_value),"
        " exponential(peak_value, factor=decay_rate, every=transition_steps)],"
        " boundaries=[warmup_steps])"
    ),
}
