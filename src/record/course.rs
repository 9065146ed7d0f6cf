//! The course of a case (办件): its states, the steps that lead from one to the next, who takes them, and what a step within
//! the day takes back. Pure: a case is what its steps come to, in their order.
//!
//! Sources: 行政许可法 (2019) articles 32 (materials are asked for once, within five working days; after that the case counts
//! as accepted from the day of receipt), 42, 45 (what stops the clock), 44 (delivery); 国办发〔2020〕35号 (who receives need
//! not be who decides). The table stands in `src/record/README.md`; a test keeps both equal.

mod term;

use std::collections::BTreeMap;

pub use term::{CaseTerm, TermState};

use crate::catalog::Workdays;
use crate::clock::Day;
use crate::closed::closed;
use crate::rule::Rule;

/// Working days within which the missing materials are told (行政许可法 第三十二条).
pub const NOTICE_DAYS: u32 = 5;

closed! {
    /// Where a case stands.
    CaseState {
        /// Its materials are in; whether they are complete is not said yet.
        Received, "received", "已收件", "received";
        /// It was told what is missing.
        Supplement, "supplement", "待补正", "waits for materials";
        NotAccepted, "not_accepted", "不予受理", "not accepted";
        Accepted, "accepted", "已受理", "accepted";
        /// At least one department has spoken.
        Reviewing, "reviewing", "审查中", "under review";
        /// A publication, a visit, a hearing or an appraisal is under way.
        Suspended, "suspended", "中止", "suspended";
        Decided, "decided", "已决定", "decided";
        Finished, "finished", "已办结", "finished";
        Delivered, "delivered", "已送达", "delivered";
        Withdrawn, "withdrawn", "已撤回", "withdrawn by the applicant";
        Terminated, "terminated", "已终止", "terminated";
    }
}

closed! {
    /// What happens to a case.
    CaseStep {
        Receive, "receive", "收件", "receive";
        /// Everything that is missing, once (一次性告知).
        Notify, "notify", "补正告知", "tell what is missing";
        Supply, "supply", "补正", "bring what was missing";
        Refuse, "refuse", "不予受理", "refuse to accept";
        Accept, "accept", "受理", "accept";
        /// One department says what it thinks.
        Review, "review", "部门审查", "review of a department";
        Suspend, "suspend", "中止", "suspend";
        Resume, "resume", "恢复办理", "resume";
        Decide, "decide", "决定", "decide";
        Finish, "finish", "办结", "finish";
        Deliver, "deliver", "送达", "deliver";
        Withdraw, "withdraw", "撤回", "withdraw";
        Terminate, "terminate", "终止", "terminate";
        /// The last step was a mistake of the same office on the same day.
        Undo, "undo", "撤销本次操作", "undo";
    }
}

/// One step, as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    /// What.
    pub step: CaseStep,
    /// On which legal day.
    pub on: Day,
    /// The agency that took it.
    pub agency: String,
    /// Of a review and of a decision: yes or no.
    pub says: Option<bool>,
}

/// Who works on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOffices {
    /// Receives it.
    pub receives: String,
    /// Decides.
    pub decides: String,
    /// Departments that are heard before the decision; may be none.
    pub reviews: Vec<String>,
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CourseFault {
    /// The state does not allow it.
    #[error("{} is not open {}", .step.en(), .state.map_or("before the case is received", CaseState::en))]
    State {
        /// The step.
        step: CaseStep,
        /// Where the case stands; none before it was received.
        state: Option<CaseState>,
    },
    /// Another office takes this step.
    #[error("another office takes this step")]
    Office,
    /// What is missing is told once.
    #[error("what is missing was told before")]
    NotifiedOnce,
    /// Nothing was said within five working days: it is accepted.
    #[error(
        "nothing was said within five working days, so the case counts as accepted from the day of receipt"
    )]
    Deemed,
    /// A department was not heard.
    #[error("a department was not heard")]
    Unheard,
    /// A department spoke before, or yes or no is not said.
    #[error("a review or a decision says yes or no, once")]
    Says,
    /// The step lies before the one before it.
    #[error("the day lies before that of the step before")]
    Backwards,
    /// Not the last step, of another office or day, or one that cannot be taken back.
    #[error("only the last step is undone, by its office, on its day")]
    Undo,
}

impl CourseFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::State { .. } => Rule::CaseState,
            Self::Office => Rule::CaseOffice,
            Self::NotifiedOnce => Rule::CaseNotifiedOnce,
            Self::Deemed => Rule::CaseDeemed,
            Self::Unheard => Rule::CaseUnheard,
            Self::Says => Rule::CaseSays,
            Self::Backwards => Rule::DateOrder,
            Self::Undo => Rule::CaseUndo,
        }
    }
}

impl CaseStep {
    /// The states in which the step is taken; empty for the first one, and for what looks at the step before.
    pub const fn from(self) -> &'static [CaseState] {
        use CaseState as S;
        match self {
            Self::Receive | Self::Undo => &[],
            Self::Notify | Self::Accept => &[S::Received],
            Self::Supply => &[S::Supplement],
            Self::Refuse => &[S::Received, S::Supplement],
            Self::Review | Self::Suspend | Self::Decide => &[S::Accepted, S::Reviewing],
            Self::Resume => &[S::Suspended],
            Self::Finish => &[S::Decided],
            Self::Deliver => &[S::Finished],
            Self::Withdraw => &[S::Received, S::Supplement, S::Accepted, S::Reviewing, S::Suspended],
            Self::Terminate => &[S::Supplement, S::Accepted, S::Reviewing, S::Suspended],
        }
    }

    /// Who takes it.
    pub const fn taken_by(self) -> StepOffice {
        match self {
            Self::Receive | Self::Supply | Self::Withdraw | Self::Deliver => StepOffice::Receiving,
            Self::Review => StepOffice::Department,
            Self::Undo => StepOffice::OfTheStep,
            Self::Notify | Self::Refuse | Self::Accept => StepOffice::ReceivingOrDeciding,
            Self::Suspend | Self::Resume | Self::Decide | Self::Finish | Self::Terminate => {
                StepOffice::Deciding
            }
        }
    }

    /// Whether it can be undone on its day. What the applicant said, and what somebody holds in hand, cannot.
    pub const fn can_be_undone(self) -> bool {
        matches!(
            self,
            Self::Notify
                | Self::Refuse
                | Self::Accept
                | Self::Review
                | Self::Suspend
                | Self::Resume
                | Self::Decide
        )
    }
}

closed! {
    /// The office that takes a step.
    StepOffice {
        Receiving, "receiving", "收件机构", "the office that receives";
        Deciding, "deciding", "决定机构", "the office that decides";
        ReceivingOrDeciding, "receiving_or_deciding", "收件或决定机构", "the office that receives or decides";
        Department, "department", "审查部门", "a department that reviews";
        OfTheStep, "of_the_step", "原操作机构", "the office of the step before";
    }
}

impl CaseState {
    /// Whether nothing follows.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::NotAccepted | Self::Delivered | Self::Withdrawn | Self::Terminated)
    }
}

/// A case as its steps left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    offices: CaseOffices,
    state: Option<CaseState>,
    /// The steps that stand; what was undone is not among them.
    steps: Vec<StepTaken>,
    accepted_on: Option<Day>,
    /// From the day of each suspension to that of the resumption.
    pauses: Vec<(Day, Option<Day>)>,
    heard: BTreeMap<String, bool>,
    decision: Option<bool>,
    before_pause: Option<CaseState>,
}

impl Course {
    /// A case of which nothing has happened yet.
    pub fn new(offices: CaseOffices) -> Self {
        Self {
            offices,
            state: None,
            steps: Vec::new(),
            accepted_on: None,
            pauses: Vec::new(),
            heard: BTreeMap::new(),
            decision: None,
            before_pause: None,
        }
    }

    /// What these steps come to.
    ///
    /// # Errors
    /// The first that is not open.
    pub fn of(
        offices: CaseOffices,
        steps: impl IntoIterator<Item = StepTaken>,
        workdays: &Workdays,
    ) -> Result<Self, CourseFault> {
        steps.into_iter().try_fold(Self::new(offices), |course, step| course.then(step, workdays))
    }

    /// The same after one more step.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn then(mut self, taken: StepTaken, workdays: &Workdays) -> Result<Self, CourseFault> {
        let StepTaken { step, on, .. } = taken;
        if self.steps.last().is_some_and(|last| on < last.on) {
            return Err(CourseFault::Backwards);
        }
        if step == CaseStep::Undo {
            return self.undone(&taken, workdays);
        }
        let open = match self.state {
            None => step == CaseStep::Receive,
            Some(state) => step.from().contains(&state),
        };
        if !open {
            return Err(CourseFault::State { step, state: self.state });
        }
        if !self.is_office_of(&taken) {
            return Err(CourseFault::Office);
        }
        let deemed = self.deemed_on(on, workdays);
        match step {
            CaseStep::Notify | CaseStep::Refuse if deemed.is_some() => return Err(CourseFault::Deemed),
            CaseStep::Notify if self.took(CaseStep::Notify) => return Err(CourseFault::NotifiedOnce),
            CaseStep::Review | CaseStep::Decide => self.hear(&taken)?,
            _ if taken.says.is_some() => return Err(CourseFault::Says),
            _ => {}
        }
        match step {
            CaseStep::Accept => self.accepted_on = Some(deemed.unwrap_or(on)),
            CaseStep::Suspend => {
                self.pauses.push((on, None));
                self.before_pause = self.state;
            }
            CaseStep::Resume => {
                if let Some(pause) = self.pauses.last_mut() {
                    pause.1 = Some(on);
                }
            }
            _ => {}
        }
        self.state = Some(self.after(step));
        self.steps.push(taken);
        Ok(self)
    }

    fn after(&self, step: CaseStep) -> CaseState {
        match step {
            CaseStep::Receive | CaseStep::Supply | CaseStep::Undo => CaseState::Received,
            CaseStep::Notify => CaseState::Supplement,
            CaseStep::Refuse => CaseState::NotAccepted,
            CaseStep::Accept => CaseState::Accepted,
            CaseStep::Review => CaseState::Reviewing,
            CaseStep::Suspend => CaseState::Suspended,
            CaseStep::Resume => self.before_pause.unwrap_or(CaseState::Accepted),
            CaseStep::Decide => CaseState::Decided,
            CaseStep::Finish => CaseState::Finished,
            CaseStep::Deliver => CaseState::Delivered,
            CaseStep::Withdraw => CaseState::Withdrawn,
            CaseStep::Terminate => CaseState::Terminated,
        }
    }

    /// Takes in what a department or the deciding office says.
    fn hear(&mut self, taken: &StepTaken) -> Result<(), CourseFault> {
        let says = taken.says.ok_or(CourseFault::Says)?;
        if taken.step == CaseStep::Decide {
            if self.offices.reviews.iter().any(|department| !self.heard.contains_key(department)) {
                return Err(CourseFault::Unheard);
            }
            self.decision = Some(says);
            return Ok(());
        }
        match self.heard.insert(taken.agency.clone(), says) {
            None => Ok(()),
            Some(_) => Err(CourseFault::Says),
        }
    }

    fn is_office_of(&self, taken: &StepTaken) -> bool {
        let CaseOffices { receives, decides, reviews } = &self.offices;
        let own = &taken.agency;
        match taken.step.taken_by() {
            StepOffice::Receiving => own == receives,
            StepOffice::Deciding => own == decides,
            StepOffice::ReceivingOrDeciding => own == receives || own == decides,
            StepOffice::Department => reviews.contains(own),
            StepOffice::OfTheStep => true,
        }
    }

    /// The case without its last step. What was then is computed anew, so that nothing of the step stays.
    fn undone(mut self, taken: &StepTaken, workdays: &Workdays) -> Result<Self, CourseFault> {
        let last = self.steps.pop().ok_or(CourseFault::Undo)?;
        if !last.step.can_be_undone() || last.on != taken.on || last.agency != taken.agency {
            return Err(CourseFault::Undo);
        }
        Self::of(self.offices, self.steps, workdays)
    }

    fn took(&self, step: CaseStep) -> bool {
        self.steps.iter().any(|taken| taken.step == step)
    }

    /// Where it stands; none before it was received.
    pub fn state(&self) -> Option<CaseState> {
        self.state
    }

    /// The steps that stand.
    pub fn steps(&self) -> &[StepTaken] {
        &self.steps
    }

    /// What was decided.
    pub fn decision(&self) -> Option<bool> {
        self.decision
    }

    /// Departments that were not heard yet.
    pub fn unheard(&self) -> impl Iterator<Item = &str> {
        let unheard = self.offices.reviews.iter().filter(|department| !self.heard.contains_key(*department));
        unheard.map(String::as_str)
    }

    /// The day from which the case counts as accepted since nothing was said within five working days of it. None where it
    /// was said in time, and where the calendar of the year is not arranged.
    pub fn deemed_on(&self, today: Day, workdays: &Workdays) -> Option<Day> {
        if self.state != Some(CaseState::Received) {
            return None;
        }
        let last = self.steps.last()?;
        let due = workdays.due(last.on, NOTICE_DAYS).ok()?;
        (due < today).then_some(last.on)
    }

    /// The day from which it counts as accepted.
    pub fn accepted_on(&self, today: Day, workdays: &Workdays) -> Option<Day> {
        self.accepted_on.or_else(|| self.deemed_on(today, workdays))
    }
}

#[cfg(test)]
mod tests;
