//! The circles of a graph: in each strongly connected component one way around.
//!
//! Tarjan's algorithm (1972), with a stack of its own in place of recursion: a chain of tasks may be long.

use std::collections::VecDeque;

use super::EdgeKind;

type Edges = [Vec<(usize, EdgeKind)>];

const UNSEEN: usize = usize::MAX;

/// One circle of each component that has one, from its lowest node on, in the direction of the edges.
pub(super) fn cycles(edges: &Edges) -> Vec<Vec<usize>> {
    // Shared by all components, so that many small ones cost no more than one that is large.
    let mut places = vec![Place::default(); edges.len()];
    let mut circles = Vec::new();
    for (number, component) in components(edges).into_iter().enumerate() {
        for node in &component {
            places[*node].component = number;
        }
        circles.extend(circle(edges, &component, &mut places));
    }
    circles.sort();
    circles
}

/// What the search for a circle knows of a node.
#[derive(Clone, Copy)]
struct Place {
    component: usize,
    /// From where it was reached.
    before: usize,
}

impl Default for Place {
    fn default() -> Place {
        Place {
            component: UNSEEN,
            before: UNSEEN,
        }
    }
}

fn components(edges: &Edges) -> Vec<Vec<usize>> {
    let count = edges.len();
    let (mut number, mut lowest) = (vec![UNSEEN; count], vec![0; count]);
    let (mut on_stack, mut stack) = (vec![false; count], Vec::new());
    let (mut next, mut found) = (0, Vec::new());
    for root in 0..count {
        if number[root] != UNSEEN {
            continue;
        }
        // A node, and which of its edges comes next.
        let mut path = vec![(root, 0)];
        while let Some((node, edge)) = path.pop() {
            if edge == 0 {
                number[node] = next;
                lowest[node] = next;
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some((to, _)) = edges[node].get(edge) {
                path.push((node, edge + 1));
                if number[*to] == UNSEEN {
                    path.push((*to, 0));
                } else if on_stack[*to] {
                    lowest[node] = lowest[node].min(number[*to]);
                }
                continue;
            }
            if let Some((parent, _)) = path.last() {
                lowest[*parent] = lowest[*parent].min(lowest[node]);
            }
            if lowest[node] == number[node] {
                let start = stack.iter().rposition(|other| *other == node).unwrap_or(0);
                let component = stack.split_off(start);
                component.iter().for_each(|member| on_stack[*member] = false);
                found.push(component);
            }
        }
    }
    found
}

/// The shortest way from the component's lowest node back to it.
fn circle(edges: &Edges, component: &[usize], places: &mut [Place]) -> Option<Vec<usize>> {
    let start = *component.iter().min()?;
    let here = places[start].component;
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for (to, _) in &edges[node] {
            if *to == start {
                let mut way = vec![node];
                let mut at = node;
                while at != start {
                    at = places[at].before;
                    way.push(at);
                }
                way.reverse();
                return Some(way);
            }
            let place = &mut places[*to];
            if place.component == here && place.before == UNSEEN {
                place.before = node;
                queue.push_back(*to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[&[usize]]) -> Vec<Vec<(usize, EdgeKind)>> {
        let to = |edges: &&[usize]| edges.iter().map(|to| (*to, EdgeKind::Awaits)).collect();
        edges.iter().map(to).collect()
    }

    #[test]
    fn a_chain_has_no_circle() {
        assert!(cycles(&graph(&[&[1], &[2], &[]])).is_empty());
        assert!(cycles(&graph(&[&[1, 2], &[3], &[3], &[]])).is_empty());
    }

    #[test]
    fn each_circle_is_found_once_and_in_order() {
        assert_eq!(cycles(&graph(&[&[0]])), [[0]]);
        assert_eq!(cycles(&graph(&[&[2], &[0], &[1]])), [[0, 2, 1]]);
        let two = graph(&[&[1], &[0], &[3], &[4], &[2], &[0, 2]]);
        assert_eq!(cycles(&two), [vec![0, 1], vec![2, 3, 4]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 200_000;
        let mut edges: Vec<Vec<(usize, EdgeKind)>> =
            (0..count).map(|n| vec![(n + 1, EdgeKind::Awaits)]).collect();
        edges.push(Vec::new());
        assert!(cycles(&edges).is_empty());
    }
}
