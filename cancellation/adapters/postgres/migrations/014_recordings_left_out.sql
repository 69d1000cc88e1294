-- Recordings that could not be put into an archive, by name (P10).
--
-- An archive may consist of its index alone: when none of the recordings could be read, the index says so.

alter table recordings.links
    -- As people can read them; the first twenty.
    add column left_out       text[]  not null default '{}',
    add column left_out_count integer not null default 0 check (left_out_count >= cardinality(left_out)),
    drop constraint links_files_check,
    add constraint links_files_check check (files >= 0 and files + left_out_count > 0);
