-- Answers are read with the words of the letters that their writer got (X14): found by address, for every e-mail.

create index letters_by_address on notification.recipients (lower(address));
