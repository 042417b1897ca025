//! The durable jobs that wait in one chat: a queue for each place, one job from each in turn.
//!
//! Within a place the order is that of coming in; between places nobody stands behind a long
//! answer of another topic. Pure.

use std::collections::VecDeque;

use crate::bridge::place::Place;
use crate::telegram::outbox::job::Job;

/// The queues of a chat's places, the next one first; none is empty.
#[derive(Default)]
pub(super) struct Queue(VecDeque<PlaceQueue>);

struct PlaceQueue {
    place: Place,
    jobs: VecDeque<Job>,
}

impl Queue {
    /// Adds a job behind all others of its place.
    pub(super) fn push(&mut self, job: Job) {
        let place = job.queue;
        match self.0.iter_mut().find(|queue| queue.place == place) {
            Some(queue) => queue.jobs.push_back(job),
            None => self.0.push_back(PlaceQueue { place, jobs: [job].into() }),
        }
    }

    /// The next job.
    pub(super) fn peek(&mut self) -> Option<&mut Job> {
        self.0.front_mut()?.jobs.front_mut()
    }

    /// Takes the next job.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let mut queue = self.0.pop_front()?;
        let job = queue.jobs.pop_front()?;
        if !queue.jobs.is_empty() {
            self.0.push_back(queue);
        }
        Some(job)
    }

    /// Puts a job before all others.
    pub(super) fn put_back(&mut self, job: Job) {
        let place = job.queue;
        let index = self.0.iter().position(|queue| queue.place == place);
        let queue = index.and_then(|index| self.0.remove(index));
        let mut queue = queue.unwrap_or_else(|| PlaceQueue { place, jobs: VecDeque::new() });
        queue.jobs.push_front(job);
        self.0.push_front(queue);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.0.iter().flat_map(|queue| &queue.jobs)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.0.iter_mut().flat_map(|queue| &mut queue.jobs)
    }

    /// All jobs, those of a place in order.
    pub(super) fn into_jobs(self) -> impl Iterator<Item = Job> {
        self.0.into_iter().flat_map(|queue| queue.jobs)
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
            queue.push(Job::new(place(*thread), Act::Delete(*id)).0);
        }
        queue
    }

    fn ids(queue: &mut Queue) -> Vec<i32> {
        let pop = || queue.pop().and_then(|job| job.call.act.target());
        std::iter::from_fn(pop).collect()
    }

    #[test]
    fn places_take_turns_and_keep_their_order() {
        let mut queue = queue(&[(1, 10), (1, 11), (1, 12), (2, 20), (3, 30), (3, 31)]);
        assert_eq!(ids(&mut queue), [10, 20, 30, 11, 31, 12]);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_put_back_is_next_whether_others_of_its_place_wait_or_not() {
        for jobs in [&[(1, 10), (1, 11), (2, 20)][..], &[(1, 10), (2, 20), (1, 11)]] {
            let mut queue = queue(jobs);
            let mut job = queue.pop().expect("a job");
            assert_eq!(job.queue, place(1));
            job.call.place.thread = None;
            queue.put_back(job);
            assert_eq!(ids(&mut queue), [10, 20, 11]);
        }
        let mut alone = queue(&[(1, 10)]);
        let job = alone.pop().expect("a job");
        alone.put_back(job);
        assert_eq!(ids(&mut alone), [10]);
    }
}
