//! Every order in which several actors can make their steps.

/// A step: its actor, and its number among the actor's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) actor: usize,
    pub(crate) nth: usize,
}

/// Returns all orders of the steps. Actor `n` makes `steps[n]` steps, in sequence.
pub(crate) fn orders(steps: &[usize]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    extend(steps, &mut vec![0; steps.len()], &mut Vec::new(), &mut all);
    all
}

/// Returns all orders of the loads (step 0) and commits (step 1) of `n` requests.
pub(crate) fn requests(n: usize) -> Vec<Vec<Step>> {
    orders(&vec![2; n])
}

fn extend(steps: &[usize], done: &mut [usize], order: &mut Vec<Step>, all: &mut Vec<Vec<Step>>) {
    if order.len() == steps.iter().sum::<usize>() {
        all.push(order.clone());
        return;
    }
    for actor in 0..steps.len() {
        let nth = done[actor];
        if nth < steps[actor] {
            done[actor] += 1;
            order.push(Step { actor, nth });
            extend(steps, done, order, all);
            order.pop();
            done[actor] -= 1;
        }
    }
}

/// There are (2n)! / 2ⁿ ways to interleave n pairs.
#[test]
fn all_orders_are_generated() {
    assert_eq!(requests(2).len(), 6);
    assert_eq!(requests(3).len(), 90);
    assert_eq!(orders(&[2, 2, 1]).len(), 30);
}
