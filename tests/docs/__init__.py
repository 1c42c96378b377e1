"""The documentation is tested: every fenced block of README and of the pages is run, checked or refused.

===========  ==========================================================================================
language     how a block is tested
===========  ==========================================================================================
``python``   run; the blocks of a page share their names, in order, as a reader types them one by one
``yaml``     validated as a policy: a whole one is built too, a fragment (sections or stages) is filled up
``console``  lines that begin with ``$`` are parsed against the command line; quick commands are run
``json``     parsed; ``jsonl`` line by line, ``toml`` likewise
``text``     an output, which no test repeats
===========  ==========================================================================================

A block of another language fails. A block whose fence says ``title="my.yaml"`` is written to that file
first. Models, embeddings and the meter are stand-ins; the folder has the sample documents as ``docs``.
``<!-- test: skip, REASON -->`` on the line before a fence takes a block out of the tests, or with ``parse``
in place of ``skip``, takes a command out of those that are run.
"""
