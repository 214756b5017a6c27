-- Prices brought by `prices update` from LiteLLM's public file, each with the time in which it held; over the table that is bundled.

CREATE TABLE listed_prices (
  -- The entry's name as LiteLLM writes it.
  model text NOT NULL,
  provider text NOT NULL,
  -- prices/litellm-list.ts: whole picos a token, as text.
  price jsonb NOT NULL,
  valid_from timestamptz NOT NULL DEFAULT now(),
  -- Null = it holds now.
  valid_to timestamptz,
  PRIMARY KEY (model, valid_from)
);
CREATE UNIQUE INDEX listed_prices_now ON listed_prices (model) WHERE valid_to IS NULL;
