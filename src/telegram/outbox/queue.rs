//! What is durable and waits in one chat: a lane for each place, one call from each in turn.
//!
//! Within a place the order is that of coming in; between places nobody stands behind a long
//! answer of another topic. Pure.

use std::collections::VecDeque;

use crate::bridge::place::Place;
use crate::telegram::outbox::job::Durable;

/// The queue of a chat, the next one first; none is empty.
#[derive(Default)]
pub(super) struct Queue(VecDeque<PlaceQueue>);

struct PlaceQueue {
    place: Place,
    jobs: VecDeque<Durable>,
}

impl Queue {
    /// Adds a job behind all others of its place.
    pub(super) fn push(&mut self, job: Durable) {
        let place = job.call.place;
        match self.0.iter_mut().find(|lane| lane.place == place) {
            Some(lane) => lane.jobs.push_back(job),
            None => self.0.push_back(PlaceQueue { place, jobs: [job].into() }),
        }
    }

    /// Takes the next job and the place in whose lane it stood.
    pub(super) fn pop(&mut self) -> Option<(Place, Durable)> {
        let mut lane = self.0.pop_front()?;
        let job = lane.jobs.pop_front()?;
        let place = lane.place;
        if !lane.jobs.is_empty() {
            self.0.push_back(lane);
        }
        Some((place, job))
    }

    /// Puts a job before all others, in the lane of `place`, wherever it goes.
    pub(super) fn put_back(&mut self, place: Place, job: Durable) {
        let index = self.0.iter().position(|lane| lane.place == place);
        let lane = index.and_then(|index| self.0.remove(index));
        let mut lane = lane.unwrap_or_else(|| PlaceQueue { place, jobs: VecDeque::new() });
        lane.jobs.push_front(job);
        self.0.push_front(lane);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Durable> {
        self.0.iter().flat_map(|lane| &lane.jobs)
    }

    /// All jobs, those of a place in order.
    pub(super) fn into_jobs(self) -> impl Iterator<Item = Durable> {
        self.0.into_iter().flat_map(|lane| lane.jobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::outbox::job::Act;

    fn place(thread: i32) -> Place {
        Place { chat: -1, thread: Some(thread) }
    }

    fn queue(jobs: &[(i32, i32)]) -> Queue {
        let mut queue = Queue::default();
        for (thread, id) in jobs {
            queue.push(Durable::new(place(*thread), Act::Delete(*id)).0);
        }
        queue
    }

    fn ids(queue: &mut Queue) -> Vec<i32> {
        let pop = || queue.pop().and_then(|(_, job)| job.call.act.target());
        std::iter::from_fn(pop).collect()
    }

    #[test]
    fn places_take_turns_and_keep_their_order() {
        let mut queue = queue(&[(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)]);
        assert_eq!(ids(&mut queue), [10, 20, 30, 11, 31, 12]);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_put_back_is_next_whether_its_lane_is_left_or_not() {
        for jobs in [&[(1, 10), (1, 11), (2, 20)][..], &[(1, 10), (2, 20), (1, 11)]] {
            let mut queue = queue(jobs);
            let (lane, mut job) = queue.pop().expect("a job");
            assert_eq!(lane, place(1));
            job.call.place.thread = None;
            queue.put_back(lane, job);
            assert_eq!(ids(&mut queue), [10, 20, 11]);
        }
        let mut alone = queue(&[(1, 10)]);
        let (lane, job) = alone.pop().expect("a job");
        alone.put_back(lane, job);
        assert_eq!(ids(&mut alone), [10]);
    }
}
