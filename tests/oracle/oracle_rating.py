"""States and ranges (S7, S8), worked out by CLIPS from the facts `resolved`."""

from __future__ import annotations

RATING = (
    "(deftemplate weight (slot diagnosis) (slot rule) (slot score) (slot decisive))",
    "(deftemplate limits (slot established) (slot suggested) (slot excluded))",
    "(deftemplate to-rate (slot diagnosis) (slot row))",
    """(deftemplate rated
         (slot diagnosis) (slot row) (slot state) (slot low) (slot high) (slot score))""",
    # Excluded is 0, unclear 1, suggested 2, established 3.
    """(deffunction state-of (?score ?for ?against)
         (if (and ?for ?against) then (return 1))
         (if ?for then (return 3))
         (if ?against then (return 0))
         (do-for-fact ((?l limits)) TRUE
           (if (>= ?score ?l:established) then (return 3))
           (if (>= ?score ?l:suggested) then (return 2))
           (if (<= ?score ?l:excluded) then (return 0))
           (return 1)))""",
    """(deffunction so (?rule ?mode ?row)
         (any-factp ((?r resolved))
           (and (eq ?r:rule ?rule) (eq ?r:mode ?mode) (eq ?r:s0 ?row))))""",
    """(deffunction rate (?diagnosis ?row)
         (bind ?score 0) (bind ?down 0) (bind ?up 0)
         (bind ?for FALSE) (bind ?against FALSE) (bind ?maybe-for FALSE) (bind ?maybe-against FALSE)
         (do-for-all-facts ((?w weight)) (eq ?w:diagnosis ?diagnosis)
           (bind ?does (so ?w:rule does ?row))
           (bind ?could (so ?w:rule could ?row))
           (switch ?w:decisive
             (case establishes then
               (if ?does then (bind ?for TRUE)) (if ?could then (bind ?maybe-for TRUE)))
             (case excludes then
               (if ?does then (bind ?against TRUE)) (if ?could then (bind ?maybe-against TRUE)))
             (default
               (if ?does then (bind ?score (+ ?score ?w:score))
                else (if ?could then
                  (if (< ?w:score 0) then (bind ?down (+ ?down ?w:score))
                   else (bind ?up (+ ?up ?w:score))))))))
         (bind ?state (state-of ?score ?for ?against))
         (bind ?low ?state) (bind ?high ?state)
         (foreach ?f (create$ ?for (or ?for ?maybe-for))
           (foreach ?a (create$ ?against (or ?against ?maybe-against))
             (foreach ?sum (create$ (+ ?score ?down) (+ ?score ?up))
               (bind ?reached (state-of ?sum ?f ?a))
               (bind ?low (min ?low ?reached))
               (bind ?high (max ?high ?reached)))))
         (assert (rated (diagnosis ?diagnosis) (row ?row) (state ?state) (low ?low) (high ?high)
           (score ?score))))""",
    """(defrule rate (declare (salience -1000)) (to-rate (diagnosis ?diagnosis) (row ?row)) =>
         (rate ?diagnosis ?row))""",
)
