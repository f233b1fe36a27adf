"""wandb.helper: turns what init(config=...) and config.update() accept into a dict."""


def parse_config(params, exclude=None, include=None):
    """`params` as a dict: a dict, a Config, an argparse namespace, absl flags or any object."""
    if isinstance(params, str):
        from ._config import read_parameter_file
        params = read_parameter_file(params)
    elif hasattr(params, "keys") and hasattr(params, "__getitem__"):
        params = {key: params[key] for key in params.keys()}
    elif hasattr(params, "flag_values_dict"):
        params = params.flag_values_dict()
    elif hasattr(params, "__dict__"):
        params = vars(params)
    else:
        raise TypeError("config must be a dict or have a __dict__ attribute.")
    if include:
        return {key: value for key, value in params.items() if key in include}
    if exclude:
        return {key: value for key, value in params.items() if key not in exclude}
    return params
