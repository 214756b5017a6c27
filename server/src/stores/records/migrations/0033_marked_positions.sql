-- How far a consumer came while it marked what its rows change in roll-ups. A release without roll-ups moves only `sequence`: where the two differ, no roll-up is trusted.
ALTER TABLE consumer_positions ADD COLUMN marked_sequence bigint;
