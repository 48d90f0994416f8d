"""Slow, obvious HYPOINVERSE: one event, one trial depth, with numpy's SVD and pyproj's geodesics, exact rays."""

import numpy as np

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.kernels.raytrace import first_arrival


def taper(value, full, zero):
    if value <= full:
        return 1.0
    return 0.0 if value >= zero else 0.5 * (1 + np.cos(np.pi * (value - full) / (zero - full)))


def svd_step(derivatives, residuals, weights, size, floor, softening):
    """Step, number of singular values above the floor, singular values, right vectors."""
    u, s, vt = np.linalg.svd((weights[:, None] * derivatives)[:, :size], full_matrices=False)
    keep = s > floor
    step = np.zeros(4)
    step[:size] = vt[keep].T @ ((u.T @ (weights * residuals))[keep] / (s[keep] + softening))
    return step, int(keep.sum()), s, vt


def locate_one(arrivals, start, trial_depth, model, rules):
    """arrivals: list of (latitude, longitude, receiver_km, is_s, observed_s). Returns state, rms, mark, weights."""
    time, latitude, longitude, depth = *start, trial_depth
    base = np.array([rules.s_weight if a[3] else rules.p_weight for a in arrivals])
    size, backs, smallest, previous, length = 3, 0, 1e4, 1e4, 1e4
    freed, weighting = False, True
    step = np.zeros(4)
    for iteration in range(1, 200):
        distance, azimuth = distance_azimuth(latitude, longitude, [a[0] for a in arrivals], [a[1] for a in arrivals])
        second = np.unique(distance.round(9))[1]
        near, main = max(second, rules.first_distance_km), max(second, rules.distance_km)
        weight = base.copy()
        for i, d in enumerate(distance):
            if not weighting:
                continue
            if iteration >= rules.distance_from and d >= main * rules.distance_full:
                weight[i] *= taper(d, main * rules.distance_full, main * rules.distance_zero)
            elif iteration >= rules.first_distance_from and d >= near * rules.first_distance_full:
                weight[i] *= taper(d, near * rules.first_distance_full, near * rules.first_distance_zero)
        rays = [first_arrival(model.top_km, model.vp, d, depth, a[2]) for d, a in zip(distance, arrivals, strict=True)]
        factor = np.array([rules.vp_vs if a[3] else 1.0 for a in arrivals])
        t, p, dz = (factor * np.array([ray[k] for ray in rays]) for k in range(3))
        residual = np.array([a[4] for a in arrivals]) - t - time
        angle = np.radians(azimuth)
        g = np.column_stack([np.ones(len(t)), -p * np.cos(angle), -p * np.sin(angle), dz])
        kept = len(t)
        if weighting and iteration >= rules.residual_from:
            for _ in range(2):
                scale = max(rules.residual_s, np.sqrt(np.sum((weight * residual) ** 2) / np.sum(weight**2)))
                weight *= [taper(abs(r), rules.residual_full * scale, rules.residual_zero * scale) for r in residual]
            kept = np.count_nonzero(weight)
        weight *= kept / weight.sum()
        rms = np.sqrt(np.sum((weight * residual) ** 2) / np.sum(weight**2))
        if np.sum(weight > 0.1) < 4:
            weighting = False
        done = False
        if iteration > max(rules.distance_from, rules.residual_from):
            done = freed and (abs(previous - rms) < rules.stop_rms_s or length < rules.stop_step_km)
            done = done or (iteration > rules.max_iterations and rms < smallest + rules.back_rms_s)
        if rms > smallest + rules.back_rms_s and not done:
            backs, previous, guarded = backs + 1, rms, True
            share = -rules.back_fraction if backs == 1 else 1 - rules.back_fraction
            step, length = step * share, length * abs(share)
        else:
            step, used, _, _ = svd_step(g, residual, weight, size, rules.min_eigenvalue, 0.006)
            step *= rules.damping * (0.5 if iteration > 0.6 * rules.max_iterations else 1.0)
            guarded = False
            top = min(model.top_km[0], min(a[2] for a in arrivals))
            if depth + step[3] < top:
                step, guarded = step * (-rules.top_fraction * (depth - top) / step[3]), True
            if abs(step[3]) > rules.max_depth_step_km:
                step[3] *= rules.max_depth_step_km / (abs(step[3]) + rules.max_depth_step_km)
                guarded = True
            length = np.linalg.norm(step[1:])
            if length > rules.max_step_km:
                step, guarded = step * rules.max_step_km / length, True
            length = np.linalg.norm(step[1:])
            previous, smallest, backs = rms, min(smallest, rms), 0
        if done:
            break
        time, depth = time + step[0], depth + step[3]
        latitude += step[1] / 111.19
        longitude += step[2] / (111.19 * np.cos(np.radians(latitude)))
        freed = freed or length < rules.free_depth_step_km
        size = 4 if freed else 3
    mark = "-" if used < 4 else "#" if guarded or not weighting or iteration > rules.max_iterations else ""
    return (time, latitude, longitude, depth), rms, mark, weight, iteration
