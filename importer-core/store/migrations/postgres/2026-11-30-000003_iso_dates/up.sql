-- Under a `DateStyle` with German dates, earlier versions kept dates as that wrote them. Every such text names one day, so it
-- is written as all others are. Other styles do not tell day and month apart; bringing such a record back is refused.
UPDATE record_images SET image_json =
    regexp_replace(image_json, '"(dob|background_check_date)":"(\d\d)\.(\d\d)\.(\d{4})"', '"\1":"\4-\3-\2"', 'g')
    WHERE image_json ~ '"(dob|background_check_date)":"\d\d\.\d\d\.\d{4}"';
UPDATE merge_log SET before_json =
    regexp_replace(before_json, '"(dob|background_check_date)":"(\d\d)\.(\d\d)\.(\d{4})"', '"\1":"\4-\3-\2"', 'g')
    WHERE before_json ~ '"(dob|background_check_date)":"\d\d\.\d\d\.\d{4}"';
UPDATE change_log SET
    old_value = regexp_replace(old_value, '^(\d\d)\.(\d\d)\.(\d{4})$', '\3-\2-\1'),
    new_value = regexp_replace(new_value, '^(\d\d)\.(\d\d)\.(\d{4})$', '\3-\2-\1')
    WHERE field IN ('dob', 'background_check_date')
    AND (old_value ~ '^\d\d\.\d\d\.\d{4}$' OR new_value ~ '^\d\d\.\d\d\.\d{4}$');
