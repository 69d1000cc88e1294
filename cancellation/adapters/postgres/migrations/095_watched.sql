-- The monitor counts formalizations by what became of them, without a look at every entry of every trail.
create index trail_of_formalizations on crm.trail (kind)
    where kind in ('formalization_received', 'formalization_untrusted', 'formalization_incomplete', 'formalized_early',
        'early_undone', 'formalized', 'mail_of_earlier_case');
