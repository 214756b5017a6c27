-- Evaluators in code beside judges: a version has either a prompt or a text that runs in the sandbox. A release before this one sees them as judges without a prompt.
ALTER TABLE evaluator_versions ADD COLUMN source_code text;
