"""The one way into a room's tables for what happens by the thousand: messages, their changes, and reads.

`work` says what there is to write, `messages`, `changes` and `reads` hold the statements for each, `group_commit` puts
a group of it into one transaction, and `writer` forms the groups.
"""
