"""What is looked at before a message is written: `blocked` (direct rooms), `policy` with `words` and `links` (filters),
`repeats`, and last the tenant's own `hook`. `reviewer` goes through them; docs/subsystems/moderation.md says how."""

from moderation.review.reviewer import Reviewer, reviewer_for

__all__ = ["Reviewer", "reviewer_for"]
