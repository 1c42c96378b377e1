"""``python -m dynamicrag.cli``."""

from dynamicrag.cli import main

if __name__ == "__main__":
    main()
