-- Why a deployment got a try and how its cost came about, as JSON text; null where there was nothing to choose and no price.
ALTER TABLE ledger ADD COLUMN explanation text;
