"""What search in every workspace stands on, once in the public schema: how a text is taken apart into words.

`snug_words` says which words a text has, `snug_query` what to look for where somebody typed some. Both take words
alike, so that what is indexed and what is matched directly is found by the same: compatible forms (ＡＢＣ, ﬁ) are made
plain, accents go, ASCII's punctuation separates (`foo.bar` is two words, no host), and where a script knows no spaces
each character is a word. `rooms.search` uses them. No table refers to them: they may be replaced by a later migration.
"""

from django.db import migrations

CONFIGURATION = r"""
    CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;
    CREATE TEXT SEARCH CONFIGURATION public.snug (COPY = pg_catalog.simple);
    ALTER TEXT SEARCH CONFIGURATION public.snug
      ALTER MAPPING FOR word, numword, hword, hword_part, numhword, hword_numpart
      WITH public.unaccent, pg_catalog.simple;
"""

# The characters after the punctuation have nothing in their place: Arabic's lengthening and short vowels go.
# Those in brackets: Thai, Lao, Burmese, Khmer, kana, Han.
PLAIN = r"""
    CREATE FUNCTION public.snug_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT CASE WHEN octet_length(said) = length(said)
        THEN translate(said, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))
        ELSE regexp_replace(
          translate(normalize(said, NFKC), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~'
            || U&'\0640\064b\064c\064d\064e\064f\0650\0651\0652\0670', repeat(' ', 32)),
          '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\U00020000-\U0003ffff])', ' \1 ', 'g')
      END
    $$
"""

# A vector holds less than 1 MiB, and positions up to 16,383: what comes after so much text is not found.
WORDS = r"""
    CREATE FUNCTION public.snug_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT to_tsvector('public.snug'::regconfig, public.snug_plain(left(said, 65536)))
    $$
"""

# All of the words, of which the last may be the beginning of one where `open`. After snug_plain nothing is left that
# could end the quotation.
QUERY = r"""
    CREATE FUNCTION public.snug_query(words text[], open boolean) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
      SELECT to_tsquery('public.snug'::regconfig, coalesce(string_agg(
        ''' ' || public.snug_plain(w.word) || ' ''' || CASE WHEN open AND w.nr = cardinality(words) THEN ':*' ELSE '' END,
        ' & ' ORDER BY w.nr), ''))
      FROM unnest(words) WITH ORDINALITY AS w(word, nr)
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_hooked")]

    operations = [
        # The extension stays: it may have been there before.
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION public.snug"),
        migrations.RunSQL(PLAIN, "DROP FUNCTION public.snug_plain(text)"),
        migrations.RunSQL(WORDS, "DROP FUNCTION public.snug_words(text)"),
        migrations.RunSQL(QUERY, "DROP FUNCTION public.snug_query(text[], boolean)"),
    ]
