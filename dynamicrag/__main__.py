"""``python -m dynamicrag``: the command line, without its script on the path."""

from dynamicrag.cli import main

if __name__ == "__main__":
    main()
