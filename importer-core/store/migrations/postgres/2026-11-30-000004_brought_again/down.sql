DROP INDEX row_outcomes_again;
