-- What is made of words once, when they are saved, and sent instead of them. Null: nothing was made, they are sent as they are.
alter table contents
    add column styled_html text, -- the html with its style sheets written into its elements
    add column plain_text text; -- the text part made of the html, where none was given; an empty `text` is none

alter table template_versions
    add column styled_html text,
    add column plain_text text;
