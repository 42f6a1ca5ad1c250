"""What a bench is just now calling: one that waits for it can tell who does not come back."""


class Watch:
    """Is told of each row before it is called. This one keeps nothing, see `apart.Board`.

    Parameters
    ----------
    faulty : dict, optional
        Name of a row -> what is wrong with it: those rows are not called.
    """

    def __init__(self, faulty=None):
        self.faulty = dict(faulty or {})

    def at(self, name, when=""):
        """A row is called next. when: what for, to end a sentence with."""


NOBODY = Watch()
